/*! Dujiang tracker, Apache-2.0.
<script async src="https://your-server/dujiang.js" data-key="dc_…"></script>
data-endpoint     server to send to, where it is not the one this file came from
data-consent      "required": nothing is stored or sent before dujiang.consent(true)
data-clicks       "off": no clicks
data-forms        "off": no form steps
*/
(() => {
  "use strict";
  const script = document.currentScript || document.querySelector("script[data-key]");
  if (!script || (window.dujiang && window.dujiang.version)) return;
  const option = script.dataset;
  const endpoint = (option.endpoint || new URL(script.src).origin).replace(/\/$/, "");
  const VERSION = "1.2";
  const QUEUE_MAX = 500; // events kept while offline; beyond it the oldest go, and how many went is reported
  const BATCH_MAX = 50;
  const BEACON_MAX = 60000; // browsers refuse beacons over 64 KiB
  const SHARE = "dj_share";

  const uuid = () =>
    crypto.randomUUID
      ? crypto.randomUUID()
      : [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  // --- What is remembered. A browser that refuses storage keeps it for this page only.
  const memory = {};
  const store = {
    get(key) {
      try { return JSON.parse(localStorage.getItem("dj_" + key)) ?? memory[key]; } catch { return memory[key]; }
    },
    set(key, value) {
      memory[key] = value;
      try { localStorage.setItem("dj_" + key, JSON.stringify(value)); } catch { /* full or forbidden */ }
    },
    remove(key) {
      delete memory[key];
      try { localStorage.removeItem("dj_" + key); } catch { /* forbidden */ }
    },
    keys() {
      try { return Object.keys(localStorage).filter((key) => key.startsWith("dj_")).map((key) => key.slice(3)); } catch { return []; }
    },
  };
  const remembered = (key, make) => {
    let value = store.get(key);
    if (!value) store.set(key, (value = make()));
    return value;
  };

  // --- Queue: one per tab, so that tabs cannot overwrite each other; those of closed tabs are taken over.
  const own = "q_" + uuid().slice(0, 8);
  let queue = [];
  let dropped = 0;
  let sending = false;
  let wait = 0;
  let timer = 0;
  let running = false;

  const save = () => (queue.length ? store.set(own, { at: Date.now(), queue }) : store.remove(own));

  function adopt() {
    for (const key of store.keys()) {
      if (!key.startsWith("q_") || key === own) continue;
      const left = store.get(key);
      if (!left || Date.now() - left.at < 30000) continue;
      queue = left.queue.concat(queue);
      store.remove(key);
    }
    trim();
  }

  function trim() {
    if (queue.length > QUEUE_MAX) dropped += queue.splice(0, queue.length - QUEUE_MAX).length;
    save();
  }

  const envelope = (events) => JSON.stringify({ batch: events, sentAt: new Date().toISOString(), writeKey: option.key });

  function later(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(flush, milliseconds);
  }

  async function flush() {
    if (sending || !queue.length || !running || navigator.onLine === false) return;
    sending = true;
    const events = queue.slice(0, BATCH_MAX);
    let pause = 0;
    try {
      const answer = await fetch(endpoint + "/v1/batch", {
        method: "POST", body: envelope(events), headers: { "Content-Type": "text/plain" }, credentials: "omit",
      });
      // Anything but “busy” and “broken” will be answered the same next time, so it is not sent again.
      if (answer.status >= 500 || answer.status === 429 || answer.status === 408) {
        pause = 1000 * Number(answer.headers.get("Retry-After")) || -1;
      } else forget(events);
    } catch {
      pause = -1;
    }
    sending = false;
    wait = pause ? Math.min(60000, Math.max(1000, wait * 2)) : 0;
    if (queue.length) later(pause ? Math.max(pause, wait) : 0);
  }

  function forget(events) {
    const gone = new Set(events.map((event) => event.messageId));
    queue = queue.filter((event) => !gone.has(event.messageId));
    save();
  }

  function beacon() {
    while (running && queue.length && navigator.onLine !== false && navigator.sendBeacon) {
      let count = Math.min(queue.length, BATCH_MAX);
      let body = envelope(queue.slice(0, count));
      while (count > 1 && body.length > BEACON_MAX / 3) body = envelope(queue.slice(0, (count = count >> 1)));
      if (!navigator.sendBeacon(endpoint + "/v1/batch", body)) return;
      forget(queue.slice(0, count));
    }
  }

  // --- Events
  function put(type, fields, properties, context) {
    if (!running) return;
    const event = {
      type, ...fields, properties: properties || {}, messageId: uuid(), timestamp: new Date().toISOString(),
      anonymousId: remembered("id", uuid), userId: store.get("user") || undefined,
      context: { ...where(), ...context, library: { name: "dujiang.js", version: VERSION } },
    };
    if (dropped) event.context.dropped = dropped;
    dropped = 0;
    queue.push(event);
    trim();
    if (!wait) later(queue.length >= BATCH_MAX ? 0 : 500);
  }

  const campaign = {};
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (name.startsWith("utm_")) campaign[name === "utm_campaign" ? "name" : name.slice(4)] = value;
  }
  let referrer = document.referrer.split(/[?#]/)[0];
  const userAgent = navigator.userAgent; // read once: a page that goes may be told another one

  const where = () => ({
    // Queries stay at home: they carry tokens, phone numbers and search words.
    page: { path: location.pathname, url: location.origin + location.pathname, title: document.title, referrer },
    campaign: Object.keys(campaign).length ? campaign : undefined,
    userAgent, locale: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    screen: { width: innerWidth, height: innerHeight },
  });

  const track = (name, properties) => put("track", { event: name }, properties);

  // --- Pages: visible time and depth of each, also where a script changes the address
  let address = "";
  let seenSince = 0;
  let seen = 0;
  let depth = 0;

  function look() {
    const height = document.documentElement.scrollHeight;
    if (height) depth = Math.max(depth, Math.min(100, Math.round(((scrollY + innerHeight) / height) * 100)));
  }

  function pause() {
    count();
    if (seenSince) seen += performance.now() - seenSince;
    seenSince = 0;
  }

  function resume() {
    if (!seenSince && document.visibilityState === "visible") seenSince = performance.now();
  }

  // --- Modules: how long each marked part of the page is at least half in view, or fills half of the window
  const inView = new Map();
  let spent = {};

  function count() {
    const now = performance.now();
    for (const [element, since] of inView) {
      if (since && seenSince) {
        const name = element.dataset.module;
        spent[name] = (spent[name] || 0) + now - Math.max(since, seenSince);
      }
      if (since) inView.set(element, now);
    }
  }

  const modules = window.IntersectionObserver && new IntersectionObserver((entries) => {
    count();
    for (const one of entries) {
      const shown = one.intersectionRatio >= 0.5 || one.intersectionRect.height >= innerHeight / 2;
      inView.set(one.target, shown ? performance.now() : 0);
    }
  }, { threshold: [0, 0.25, 0.5, 0.75, 1] });

  function observe() {
    if (!modules) return;
    modules.disconnect();
    inView.clear();
    document.querySelectorAll("[data-module]").forEach((element) => modules.observe(element));
  }

  function attention() {
    const told = Object.entries(spent).map(([name, ms]) => [name, Math.round(ms)]).filter(([, ms]) => ms > 0);
    spent = {};
    return told.length ? Object.fromEntries(told) : undefined;
  }

  // Where these parts lie, top and height; parts of one name are one. Those that a script has taken away have no height.
  function places() {
    const found = {};
    for (const element of inView.keys()) {
      const { top, height } = element.getBoundingClientRect();
      if (!height) continue;
      const [from, to] = found[element.dataset.module] || [Infinity, 0];
      found[element.dataset.module] = [Math.min(from, top + scrollY), Math.max(to, top + scrollY + height)];
    }
    const told = Object.entries(found).map(([name, [from, to]]) => [name, { top: Math.round(from), height: Math.round(to - from) }]);
    return told.length ? Object.fromEntries(told) : undefined;
  }

  // The first contentful paint, told once.
  function firstScreen() {
    const paint = painted ? 0 : performance.getEntriesByName("first-contentful-paint")[0];
    if (!paint) return undefined;
    painted = true;
    return Math.round(paint.startTime);
  }
  let painted = false;

  const left = () => ({
    dwell_ms: Math.round(seen), scroll_pct: depth, modules: attention(), places: places(), first_screen_ms: firstScreen(),
  });

  // Sent whenever the page is hidden, because nothing promises that it will be seen again; dwell is what was added since.
  function leave() {
    pause();
    settle(false);
    if (seen < 1) return;
    track("page_left", left());
    seen = 0;
  }

  function page(properties) {
    address = location.pathname + location.search;
    depth = 0;
    resume();
    look();
    observe();
    put("page", { name: (properties && properties.name) || undefined }, properties);
  }

  function moved() {
    const now = location.pathname + location.search;
    if (!running || now === address) return;
    const [path, title] = [address.split("?")[0], document.title];
    address = now;
    settle(false);
    pause();
    if (seen >= 1) {
      put("track", { event: "page_left" }, left(), { page: { path, url: location.origin + path, title, referrer } });
    }
    seen = 0;
    referrer = location.origin + path;
    setTimeout(page); // the site sets its new title first
  }

  // --- Clicks: where, and on what, in a way that survives a new build of the site
  const stable = (element) => {
    for (const mark of ["data-dj", "data-testid"]) {
      if (element.hasAttribute(mark)) return `[${mark}="${element.getAttribute(mark)}"]`;
    }
    return element.id && !/\d{3}|[:.]/.test(element.id) ? "#" + element.id : "";
  };

  function selector(element) {
    const parts = [];
    for (let at = element; at && at !== document.documentElement && parts.length < 8; at = at.parentElement) {
      const anchor = stable(at);
      if (anchor) return [anchor, ...parts].join(">");
      const twins = at.parentElement ? [...at.parentElement.children].filter((one) => one.tagName === at.tagName) : [];
      parts.unshift(at.tagName.toLowerCase() + (twins.length > 1 ? `:nth-of-type(${twins.indexOf(at) + 1})` : ""));
    }
    return parts.join(">") || element.tagName.toLowerCase();
  }

  // Whether anything came of a click is known a second later: a change of the page, a step to another, a scroll, a focus.
  let waiting = [];
  let changes;

  function settle(dead) {
    if (changes) changes.disconnect();
    waiting.splice(0).forEach(([properties, context, timer]) => {
      clearTimeout(timer);
      put("track", { event: "element_clicked" }, { ...properties, dead }, context);
    });
  }

  function judge(properties) {
    const context = { page: where().page };
    const timer = setTimeout(() => {
      waiting = waiting.filter((one) => one[2] !== timer);
      put("track", { event: "element_clicked" }, { ...properties, dead: true }, context);
    }, 1000);
    waiting.push([properties, context, timer]);
    changes ||= new MutationObserver(() => settle(false));
    changes.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  }

  function clicked(event) {
    const from = event.target;
    if (!(from instanceof Element)) return;
    const control = from.closest("a,button,label,summary,[role=button],[data-dj],input,select");
    const target = control || from;
    // What stands on a control or in a single element; beside everything a click would take the whole page's words.
    const worded = !/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) && (control || !target.childElementCount);
    judge({
      selector: selector(target), tag: target.tagName.toLowerCase(),
      text: (worded && (target.innerText || "").trim().slice(0, 60)) || undefined,
      module: target.closest("[data-module]")?.dataset.module,
      link: target.href ? String(target.href).split(/[?#]/)[0] : undefined,
      x_pct: Math.round((event.pageX / document.documentElement.scrollWidth) * 1000) / 10, y_px: Math.round(event.pageY),
      page_px: document.documentElement.scrollHeight,
    });
  }

  // --- Forms: which field was reached, filled in, changed again, or refused by the form; never what was written
  const steps = new WeakMap();
  const actions = { focusin: "reached", change: "filled", invalid: "refused" };

  function step(event) {
    const field = event.target;
    if (!field.form || field.type === "hidden" || field.type === "submit") return;
    const done = steps.get(field) || steps.set(field, new Set()).get(field);
    let action = actions[event.type];
    if (action === "filled" && done.has(action)) action = "corrected";
    if (done.has(action)) return;
    done.add(action);
    const index = [...field.form.elements].indexOf(field) + 1;
    track("form_step", { form: formName(field.form), field: field.name || field.id || String(index), index, action });
  }

  const formName = (form) => form.getAttribute("name") || form.id || selector(form);

  // --- Shared links: a code of its own stands for the visitor, so that the link does not give the visitor's id away
  function shareUrl(url) {
    if (!running) return String(url || location.href);
    const link = new URL(url || location.href, location.href);
    link.searchParams.set(SHARE, remembered("share", () => "s" + uuid().replace(/-/g, "").slice(0, 20)));
    return link.href;
  }

  function share(url, properties) {
    const link = shareUrl(url);
    put("track", { event: "share" }, { ...properties, link: link.split(/[?#]/)[0] }, { shareId: store.get("share") });
    return link;
  }

  function arrived() {
    const here = new URL(location.href);
    const code = here.searchParams.get(SHARE);
    if (!code) return undefined;
    here.searchParams.delete(SHARE); // whoever copies the address now does not pass on someone else's code
    history.replaceState(history.state, "", here);
    return code === store.get("share") ? undefined : { shared_by: code };
  }

  // --- Consent and start
  let listening = false;

  function start() {
    if (running) return;
    const landing = arrived();
    running = true;
    adopt();
    if (!listening) listen();
    page(landing);
  }

  function consent(given) {
    if (given) {
      if (option.consent === "required") store.set("consent", true);
      else store.remove("refused");
      return start();
    }
    running = false;
    clearTimeout(timer);
    waiting.splice(0).forEach((one) => clearTimeout(one[2]));
    queue = [];
    store.keys().forEach(store.remove);
    Object.keys(memory).forEach((key) => delete memory[key]);
    if (option.consent !== "required") store.set("refused", true);
  }

  function listen() {
    listening = true;
    for (const name of ["pushState", "replaceState"]) {
      const original = history[name];
      history[name] = function (...given) {
        const result = original.apply(this, given);
        moved();
        return result;
      };
    }
    addEventListener("popstate", moved);
    addEventListener("scroll", () => (look(), settle(false)), { passive: true });
    addEventListener("focusin", (event) => /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && settle(false), true);
    addEventListener("online", () => later(0));
    addEventListener("pagehide", () => (leave(), beacon()));
    addEventListener("pageshow", (event) => (event.persisted ? page() : resume()));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") return resume();
      leave();
      beacon();
    });
    if (option.clicks !== "off") document.addEventListener("click", clicked, true);
    if (option.forms !== "off") {
      Object.keys(actions).forEach((name) => document.addEventListener(name, step, true));
      document.addEventListener("submit", (event) => track("form_submitted", { form: formName(event.target) }), true);
    }
  }

  const calls = {
    version: VERSION, track, page, share, shareUrl, consent, flush,
    identify(userId, traits) {
      if (!running) return;
      if (userId) store.set("user", String(userId));
      put("identify", { traits: traits || {} });
    },
    reset() {
      ["id", "user", "share"].forEach(store.remove);
    },
    push: (call) => calls[call[0]](...call.slice(1)),
  };
  const early = Array.isArray(window.dujiang) ? window.dujiang : [];
  window.dujiang = calls;
  if (option.consent === "required" ? store.get("consent") : !store.get("refused")) start();
  early.forEach(calls.push);
})();
