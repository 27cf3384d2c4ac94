/** The segment builder: a tree of conditions as nested groups, with a live count from the public API. */
import { conditions } from "./conditions.js";
import { make, renew } from "./dom.js";
import { t } from "./texts.js";

const form = document.querySelector("[data-builder]");
const labels = JSON.parse(document.getElementById("builder").textContent);
const text = form.elements.condition;
const place = form.querySelector("[data-tree]");
const undo = form.querySelector("[data-undo]");

const words = await (await fetch("/api/v1/segments/words")).json();
const draw = conditions(words, labels, change);
let tree = JSON.parse(text.value);
const past = [];
let timer = 0;
let asked = 0;

/** Do `act`, remember what was before, and show what is now. */
function change(act) {
  past.push(JSON.stringify(tree));
  act();
  text.value = JSON.stringify(tree, null, 2);
  setTimeout(show); // once the Tab key has moved the focus on, so that it is found again
}

function show() {
  text.value = JSON.stringify(tree, null, 2);
  undo.disabled = past.length === 0;
  renew(place, draw.node(tree, (next) => { tree = next; }, null));
  clearTimeout(timer);
  timer = setTimeout(count, 300);
}

async function count() {
  const mine = ++asked;
  const [total, sentence, some] = ["count", "sentence", "sample"].map((name) => form.querySelector(`[data-${name}]`));
  total.textContent = t("Counting");
  const answer = await fetch(`/api/v1/segments/count?locale=${form.dataset.locale}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ condition: tree, name: form.elements.name.value, sample: 5 }),
  });
  const found = await answer.json();
  if (mine !== asked) return;
  if (!answer.ok) {
    total.textContent = "–";
    sentence.textContent = found.detail ?? found.message ?? found.title ?? "";
    some.replaceChildren();
    return;
  }
  const share = found.share === null ? "" : ` (${(100 * found.share).toFixed(1)}%)`;
  total.textContent = `${found.people.toLocaleString()} ${t("people")}${share}`;
  sentence.textContent = found.sentence;
  some.replaceChildren(...found.sample.flatMap((one) => [make("a", { href: `/people/${one.id}` }, one.id), " "]));
}

undo.addEventListener("click", () => { tree = JSON.parse(past.pop()); show(); });
form.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && past.length && event.target.tagName !== "TEXTAREA") {
    event.preventDefault();
    undo.click();
  }
});
text.addEventListener("change", () => {
  try { const next = JSON.parse(text.value); change(() => { tree = next; }); } catch { text.setAttribute("aria-invalid", "true"); return; }
  text.removeAttribute("aria-invalid");
});
show();
