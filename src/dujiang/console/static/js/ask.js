/** The builder of questions: rows drawn from the schema of a kind of question, with words that the API suggests. */
import { conditions } from "./conditions.js";
import { button, grouped, input, make, named, removal, renew, select } from "./dom.js";
import { t } from "./texts.js";

const form = document.querySelector("[data-ask]");
const { question, schema, order, hidden, rare, editors, suggests, labels } = JSON.parse(document.getElementById("ask").textContent);
const place = form.querySelector("[data-rows]");
const text = form.elements.q;
const COMMON = ["where", "people", "by", "grain", "compare", "time_zone"];
const TOP = new Set(["type", "period"]); // the page's own controls say the period
const PROMOTIONS = ["618", "double11"];

const ask = async (path) => (await fetch(`/api/v1${path}`)).json();
const [own, tree] = await Promise.all([ask(`/questions/words?locale=${form.dataset.locale}`), ask("/segments/words")]);
const properties = Object.fromEntries(own.properties.map((one) => [one.name, "any"]));
const sources = { ...own.sources, ...tree.sources };
sources.events = { ...own.sources.events, ...properties };
const draw = conditions({ ...tree, sources }, labels, change, suggest);

/* ── what is drawn, and what changes it ──────────────────────────────────────────────────────────────────────────── */

function change(act) {
  act();
  text.value = JSON.stringify(question, null, 2);
  form.querySelector("[data-changed]").hidden = false;
  setTimeout(show); // once the Tab key has moved the focus on, so that it is found again
}

function show() {
  const names = Object.keys(schema.properties).filter((name) => !TOP.has(name) && !hidden.includes(name));
  const first = [...order.filter((name) => names.includes(name)), ...names.filter((name) => !order.includes(name) && !COMMON.includes(name))];
  const rows = [...first, ...COMMON.filter((name) => names.includes(name))];
  const isOpen = place.querySelector("details")?.open ?? false;
  const line = (name) => row(name, schema.properties[name], question);
  renew(place,
    ...rows.filter((name) => !rare.includes(name)).map(line),
    make("details", { class: "rare", open: isOpen }, make("summary", {}, t("More options")), ...rows.filter((name) => rare.includes(name)).map(line)));
}

const title = (name) => labels.rows[name] ?? name.replaceAll("_", " ");

function row(name, part, one) {
  return make("div", { class: "ask-row", role: "group", "aria-label": title(name) }, make("span", { class: "label" }, title(name)), make("div", { class: "controls" }, ...control(name, part, one)));
}

/* ── a control for each kind of value ────────────────────────────────────────────────────────────────────────────── */

const OWN = { people, by, compare: against, time_zone: zone, where: (one) => draw.filters(one, "events", sources.events, 0) };
const EDITORS = { metrics, dimensions, column: (one, name, part) => [columnOf(one, name, part)], columns, tag: (one, name, part) => [tagOf(one, name, part)] };

/** What `one[name]` is while nothing is stated: the default of its schema, of its own, so that editing it changes nothing else. */
const standing = (part) => structuredClone(part.default ?? resolve(part).kind.default ?? undefined);

/** The controls of `one[name]`. */
function control(name, part, one) {
  if (one === question && OWN[name]) return OWN[name](one);
  if (EDITORS[editors[name]]) return EDITORS[editors[name]](one, name, part);
  const { kind, isOptional } = resolve(part);
  const put = (value) => change(() => { if (value === undefined) delete one[name]; else one[name] = value; });
  const value = one[name] ?? standing(part);
  if (kind.enum) return [select(title(name), String(value ?? ""), { ...(isOptional ? { "": t("not set") } : {}), ...choices(kind.enum) }, (next) => put(next === "" ? undefined : next))];
  if (kind.type === "boolean") return [make("input", { type: "checkbox", "aria-label": title(name), checked: Boolean(value), change: (event) => put(event.target.checked) })];
  if (kind.type === "integer" || kind.type === "number") return [number(name, kind, value, put)];
  if (kind.type === "string" && kind.const === undefined) return [input(title(name), value, (next) => put(next === "" ? undefined : next), words(name, kind))];
  if (kind.type === "array") return list(name, kind, one, part);
  if (kind.type === "object" && kind.properties) return part_(name, kind, one, isOptional, part);
  return [raw(name, one, value)];
}

/** What else a text box needs: a calendar, or the values that events have. */
function words(name, kind) {
  if (kind.format === "date") return { type: "date" };
  return suggests[name] ? { list: suggest("events", suggests[name]) } : {};
}

function resolve(part) {
  if (part.$ref) return { kind: schema.$defs[part.$ref.split("/").at(-1)], isOptional: false };
  if (part.allOf?.length === 1) return resolve(part.allOf[0]);
  const some = part.anyOf?.filter((one) => one.type !== "null");
  if (some?.length === 1) return { kind: resolve(some[0]).kind, isOptional: true };
  return { kind: part, isOptional: false };
}

const choices = (values) => Object.fromEntries(values.map((one) => [one, labels.rows[one] ?? labels.choices[one] ?? labels.sources[one] ?? String(one).replaceAll("_", " ")]));

const number = (name, kind, value, put) => input(title(name), value, (next) => put(next === "" ? undefined : Number(next)), {
  type: "number", step: kind.type === "integer" ? "1" : "any",
  ...(kind.minimum === undefined ? {} : { min: kind.minimum }), ...(kind.maximum === undefined ? {} : { max: kind.maximum }),
});

const isDoing = (kind) => kind.properties?.source && kind.properties?.where;

function list(name, kind, one, part) {
  const items = resolve(kind.items ?? {}).kind;
  const have = one[name] ?? standing(part) ?? [];
  const put = (next) => { one[name] = next; };
  if (items.type === "object" && items.properties.column && items.properties.op) return draw.filters(one, "events", sources.events, 0);
  if (items.type === "object") return several(name, kind, items, have, put);
  if (items.enum) return items.enum.map((each) => make("label", { class: "check" }, make("input", { type: "checkbox", checked: have.includes(each), change: (event) => change(() => put(event.target.checked ? [...have, each] : have.filter((other) => other !== each))) }), choices([each])[each]));
  const read = items.type === "integer" || items.type === "number" ? Number : (word) => word;
  return [input(title(name), have.join(", "), (value) => change(() => put(value.split(/[,，]/).map((word) => word.trim()).filter((word) => word !== "").map(read))), { title: t("Several values are separated by commas") })];
}

/** Parts one below the other that can be moved, taken away and added. */
function several(name, kind, items, have, put) {
  const lines = have.map((each, index) => {
    const move = (by) => change(() => {
      const next = [...have];
      next.splice(index + by, 0, ...next.splice(index, 1));
      put(next);
    });
    const body = isDoing(items) ? doing(each, items) : fields(items, each);
    return make("fieldset", { class: "step" }, make("legend", {}, `${index + 1}`), ...body, make("div", { class: "row tools" },
      ...(index > 0 ? [button("↑", () => move(-1), { class: "button plain square", "aria-label": t("Move up") })] : []),
      ...(index < have.length - 1 ? [button("↓", () => move(1), { class: "button plain square", "aria-label": t("Move down") })] : []),
      removal(have.length > (kind.minItems ?? 0) ? () => change(() => put(have.filter((other) => other !== each))) : null, t("Remove")) ?? ""));
  });
  const fresh = () => (isDoing(items) ? { source: "events", where: [] } : {});
  const more = have.length < (kind.maxItems ?? 20) ? [button(t("Add"), () => change(() => put([...have, fresh()])))] : [];
  return [...lines, make("div", { class: "row" }, ...more)];
}

/** A part of the question with fields of its own. */
function part_(name, kind, one, isOptional, part) {
  if (one[name] === undefined && isOptional) return [button(t("Add"), () => change(() => { one[name] = isDoing(kind) ? { source: "events", where: [] } : {}; }))];
  if (one[name] === undefined) one[name] = standing(part) ?? {};
  const body = isDoing(kind) ? doing(one[name], kind) : fields(kind, one[name]);
  return [...body, removal(isOptional ? () => change(() => { delete one[name]; }) : null, t("Remove")) ?? ""];
}

const fields = (kind, one, but = []) => Object.entries(kind.properties)
  .filter(([name, part]) => name !== "type" && part.const === undefined && !but.includes(name))
  .map(([name, part]) => make("div", { class: "filters" }, make("span", {}, title(name)), ...control(name, part, one)));

const eventName = (name) => (labels.events[name] ? `${labels.events[name]} · ${name}` : name);

/** Something that people do: an event by its name or a source, conditions on it, what it is called, and what else its kind says. */
function doing(one, kind) {
  one.source ??= "events";
  one.where ??= [];
  const [head, ...rest] = one.where;
  const isNamed = one.source === "events" && head?.column === "name" && (head.op ?? "is") === "is";
  const events = own.events.map((each) => [`name:${each.name}`, eventName(each.name)]);
  if (isNamed && !own.events.some((each) => each.name === head.value)) events.unshift([`name:${head.value}`, eventName(head.value)]);
  const chosen = isNamed ? `name:${head.value}` : one.source;
  const what = grouped(t("What"), chosen, [
    ["", { events: t("any event") }],
    [t("Deals and service"), Object.fromEntries(Object.keys(own.sources).filter((each) => each !== "events").map((each) => [each, labels.sources[each]]))],
    [t("Events by name"), Object.fromEntries(events)],
  ], (key) => change(() => {
    const more = one.source === "events" ? (isNamed ? rest : one.where) : [];
    if (key.startsWith("name:")) Object.assign(one, { source: "events", where: [{ column: "name", op: "is", value: key.slice(5) }, ...more] });
    else Object.assign(one, { source: key, where: key === "events" ? more : [] });
  }));
  const shown = isNamed ? { get where() { return one.where.slice(1); }, set where(next) { one.where = [head, ...next]; } } : one;
  return [
    make("div", { class: "filters" }, what, input(t("What you call it"), one.label, (value) => change(() => { if (value) one.label = value; else delete one.label; }))),
    ...draw.filters(shown, one.source, sources[one.source], 0),
    ...fields(kind, one, ["source", "where", "label"]),
  ];
}

const raw = (name, one, value) => make("textarea", { "aria-label": title(name), class: "code short", rows: 3, change: (event) => {
  try { const value = JSON.parse(event.target.value); change(() => { one[name] = value; }); } catch { event.target.setAttribute("aria-invalid", "true"); }
} }, value === undefined ? "" : JSON.stringify(value));

/* ── what all questions say ──────────────────────────────────────────────────────────────────────────────────────── */

function people(one) {
  const chosen = one.people?.type === "segment" ? `segment:${one.people.segment}` : one.people ? "tree" : "";
  const segments = Object.fromEntries(Object.entries(labels.segments).map(([key, name]) => [`segment:${key}`, name]));
  const who = grouped(title("people"), chosen, [["", { "": t("everybody"), tree: t("whoever fulfils conditions") }], [t("In a segment"), segments]], (key) => change(() => {
    if (key === "") delete one.people;
    else if (key === "tree") one.people = { type: "all", of: [{ type: "behaviour", source: "orders", op: "at_least", value: 1 }] };
    else one.people = { type: "segment", segment: key.slice(8) };
  }));
  return chosen === "tree" ? [who, draw.node(one.people, (next) => { one.people = next; }, null)] : [who];
}

/** What numbers can be divided by: for metrics what all of them share, else columns, fields of the person, and tags. */
function dividers() {
  if (question.metrics) {
    const found = own.metrics.filter((one) => question.metrics.includes(one.name)).map((one) => one.dimensions);
    return [["", Object.fromEntries((found[0] ?? []).filter((one) => found.every((each) => each.includes(one))).map((one) => [one, labels.dimensions[one] ?? one]))]];
  }
  const texts = (columns) => Object.fromEntries(Object.entries(columns).filter(([, kind]) => kind === "text").map(([key]) => [key, labels.columns[key] || key]));
  return [
    [t("Of the event"), texts(own.sources.events)],
    [t("Of the person"), Object.fromEntries(Object.entries(own.fields).filter(([, kind]) => kind !== "list").map(([key]) => [`person.${key}`, labels.fields[key] || key]))],
    [t("Tag"), Object.fromEntries(own.tags.map((one) => [`tag.${one.name}`, one.title]))],
    [t("Properties"), Object.fromEntries(Object.keys(properties).map((key) => [key, key.slice(11)]))],
  ].filter(([, options]) => Object.keys(options).length);
}

function by(one) {
  const have = one.by ?? standing(schema.properties.by) ?? [];
  const put = (next) => change(() => { one.by = next; });
  const offered = dividers();
  const known = new Set(offered.flatMap(([, options]) => Object.keys(options)));
  const lines = have.map((each, index) => {
    const options = known.has(each) ? offered : [["", { [each]: each }], ...offered];
    return make("span", { class: "pill" }, grouped(title("by"), each, options, (next) => put(have.map((other, at) => (at === index ? next : other)))),
      button("×", () => put(have.filter((_other, at) => at !== index)), { class: "button plain square", "aria-label": t("Remove") }));
  });
  const next = [...known].find((each) => !have.includes(each));
  const more = have.length < 3 && next ? [button(t("Add"), () => put([...have, next]))] : [];
  return [...lines, ...more];
}

function against(one) {
  const has = typeof one.compare === "object" && one.compare !== null;
  const chosen = has ? (one.compare.preset ?? "days") : "";
  const kinds = { "": t("as chosen above"), ...Object.fromEntries(PROMOTIONS.map((each) => [each, { 618: t("the last 618"), double11: t("the last Double 11") }[each]])), days: t("days of their own") };
  const which = select(title("compare"), chosen, kinds, (key) => change(() => {
    if (key === "") delete one.compare;
    else if (key === "days") one.compare = { first: new Date().toISOString().slice(0, 10), last: new Date().toISOString().slice(0, 10) };
    else one.compare = { preset: key };
  }));
  if (chosen !== "days") return [which];
  const day = (key, label) => named(label, input(label, one.compare[key], (value) => change(() => { if (value) one.compare[key] = value; }), { type: "date" }));
  return [which, day("first", t("From")), day("last", t("To"))];
}

function zone(one) {
  return [input(title("time_zone"), one.time_zone, (value) => change(() => { if (value) one.time_zone = value.trim(); else delete one.time_zone; }), { placeholder: "Asia/Shanghai" })];
}

/* ── fields that a kind of question names ────────────────────────────────────────────────────────────────────────── */

function metrics(one, name) {
  const have = one[name] ?? [];
  const options = Object.fromEntries(own.metrics.map((each) => [each.name, each.title]));
  const put = (next) => change(() => { one[name] = next; });
  const lines = have.map((each, index) => make("span", { class: "pill" },
    select(title(name), each, options[each] ? options : { [each]: each, ...options }, (next) => put(have.map((other, at) => (at === index ? next : other)))),
    have.length > 1 ? button("×", () => put(have.filter((_other, at) => at !== index)), { class: "button plain square", "aria-label": t("Remove") }) : null));
  const next = own.metrics.find((each) => !have.includes(each.name));
  return [...lines, ...(have.length < 20 && next ? [button(t("Add"), () => put([...have, next.name]))] : [])];
}

/** Conditions on dimensions of metrics. */
function dimensions(one, name) {
  const columns = Object.fromEntries(dividers().flatMap(([, options]) => Object.keys(options)).map((key) => [key, "text"]));
  const shown = { get where() { return one[name] ?? []; }, set where(next) { one[name] = next; } };
  return conditions({ ...tree, operators: { text: ["is", "is_not", "among", "not_among", "known", "unknown"] } }, { ...labels, columns: labels.dimensions }, change, suggest)
    .filters(shown, "orders", columns, 0);
}

const columnNames = () => Object.fromEntries(Object.keys(sources.events).map((key) => [key, labels.columns[key] || key]));
const columnOf = (one, name, part) => oneOf(one, name, part, columnNames());
const tagOf = (one, name, part) => oneOf(one, name, part, Object.fromEntries(own.tags.map((each) => [each.name, each.title])));

/** One of many names; “not set” is offered only where nothing stands while nothing is stated. */
function oneOf(one, name, part, options) {
  const value = one[name] ?? standing(part) ?? "";
  const known = options[value] || !value ? options : { [value]: value, ...options };
  return select(title(name), value, { ...(standing(part) ? {} : { "": t("not set") }), ...known }, (next) => change(() => { if (next) one[name] = next; else delete one[name]; }));
}

function columns(one, name, part) {
  const have = one[name] ?? standing(part) ?? [];
  const put = (next) => change(() => { one[name] = next; });
  const options = columnNames();
  const lines = have.map((each, index) => make("span", { class: "pill" },
    select(title(name), each, options[each] ? options : { [each]: each, ...options }, (next) => put(have.map((other, at) => (at === index ? next : other)))),
    button("×", () => put(have.filter((_other, at) => at !== index)), { class: "button plain square", "aria-label": t("Remove") })));
  const next = Object.keys(options).find((each) => !have.includes(each));
  return [...lines, ...(next ? [button(t("Add"), () => put([...have, next]))] : [])];
}

/* ── values as the data have them ────────────────────────────────────────────────────────────────────────────────── */

/** The id of the list of values of a column, filled once somebody may need it; "" where values are no words. */
function suggest(source, column) {
  const kind = sources[source]?.[column] ?? "";
  if ((kind !== "text" && kind !== "any") || !own.sources[source]) return "";
  const id = `values-${source}-${column.replace(/[^a-zA-Z0-9]/g, "-")}`;
  if (document.getElementById(id)) return id;
  const list = make("datalist", { id });
  document.body.append(list);
  const channel = Object.fromEntries(own.channels.map((one) => [one.name, one.title]));
  ask(`/questions/values?source=${source}&column=${encodeURIComponent(column)}`).then((found) => {
    if (Array.isArray(found)) list.append(...found.map((one) => make("option", { value: one.name, label: channel[one.name] ?? labels.events[one.name] ?? one.name })));
  });
  return id;
}

/* ── what is asked ───────────────────────────────────────────────────────────────────────────────────────────────── */

text.addEventListener("change", () => {
  try {
    const next = JSON.parse(text.value);
    for (const key of Object.keys(question)) delete question[key];
    change(() => Object.assign(question, next));
    text.removeAttribute("aria-invalid");
  } catch { text.setAttribute("aria-invalid", "true"); }
});
form.addEventListener("submit", () => {
  if (text.getAttribute("aria-invalid")) return;
  text.value = JSON.stringify(question);
  if (typeof question.compare === "object") form.querySelector("input[name=compare]")?.remove();
});
show();
form.dataset.ready = "yes";
