/** A tree of conditions as nested groups, and the comparisons of a list of events: for segments and for questions. */
import { button, grouped, input, make, named, removal as away, select } from "./dom.js";
import { t } from "./texts.js";

export const LISTS = new Set(["among", "not_among", "between", "includes", "excludes"]);
const NOTHING = new Set(["known", "unknown"]);
const PLAIN = new Set(["count", "days_since_first", "days_since_last"]);
const STEPS = { least: 2, most: 5, between: 3 };
const PROMOTIONS = new Set(["618", "double11"]);
const PROPERTY = "properties.";
const MINUTES = { days: 1440, hours: 60, minutes: 1 };
const KINDS = { behaviour: "Did something", sequence: "Did things one after the other", profile: "Profile field", tag: "Tag", segment: "In a segment", sample: "Fixed sample", list: "On a list", near: "Near a place" };
const step = () => ({ where: [{ column: "name", op: "known" }] });
const labelled = (keys, names) => Object.fromEntries(keys.map((key) => [key, names[key] || key]));
const removal = (remove, label = t("Remove")) => away(remove, label);

/**
 * What draws conditions.
 *
 * @param words what the API offers: fields, sources, operators, aggregates, tags
 * @param labels what people call them, and the brand's segments
 * @param change does an act and draws everything anew
 * @param suggest gives for a source and a column the id of a list of values, or ""
 */
export function conditions(words, labels, change, suggest = () => "") {
  const FRESH = {
    behaviour: () => ({ type: "behaviour", source: "orders", op: "at_least", value: 1 }),
    sequence: () => ({ type: "sequence", steps: [step(), step()] }),
    profile: () => ({ type: "profile", field: "city", op: "known" }),
    tag: () => ({ type: "tag", tag: Object.keys(words.tags)[0] ?? "", op: "known" }),
    segment: () => ({ type: "segment", segment: Object.keys(labels.segments)[0] ?? "" }),
    sample: () => ({ type: "sample", percent: 10, seed: "" }),
    list: () => ({ type: "list", tag: "" }),
    near: () => ({ type: "near", latitude: 31.2304, longitude: 121.4737, km: 3, window: { days: 30 } }),
  };

  /** One condition or group; `replace` puts another in its place, `remove` takes it away (null: it has to stay). */
  function node(one, replace, remove) {
    return one.type === "all" || one.type === "any" || one.type === "not" ? group(one, replace, remove) : leaf(one, replace, remove);
  }

  function group(one, replace, remove) {
    const parts = one.type === "not" ? [one.of] : one.of;
    const joint = { all: t("all of these hold"), any: t("any of these holds"), not: t("none of this holds") };
    const retype = (type) => change(() => {
      const inner = parts.length === 1 ? parts[0] : { type: "any", of: parts };
      replace(type === "not" ? { type, of: inner } : { type, of: one.type === "not" && (one.of.type === "all" || one.of.type === "any") ? one.of.of : parts });
    });
    const lines = parts.map((part, index) => node(
      part,
      (next) => { if (one.type === "not") one.of = next; else one.of[index] = next; },
      one.type === "not" || parts.length === 1 ? null : () => change(() => one.of.splice(index, 1)),
    ));
    const add = one.type === "not" ? [] : [
      button(t("Add a condition"), () => change(() => one.of.push(FRESH.behaviour()))),
      button(t("Add a group"), () => change(() => one.of.push({ type: "any", of: [FRESH.behaviour()] }))),
    ];
    return make("fieldset", { class: "group" },
      make("div", { class: "filters" }, select(t("Kind of condition"), one.type, joint, retype), removal(remove)),
      ...lines, make("div", { class: "row" }, ...add));
  }

  function leaf(one, replace, remove) {
    const kind = KINDS[one.type]
      ? select(t("Kind of condition"), one.type, Object.fromEntries(Object.entries(KINDS).map(([key, name]) => [key, t(name)])), (type) => change(() => replace(FRESH[type]())))
      : make("code", {}, one.type);
    const parts = { behaviour, sequence, profile, tag, segment: member, sample, list, near }[one.type]?.(one) ?? [make("code", {}, JSON.stringify(one))];
    return make("div", { class: "filters condition" }, kind, ...parts, removal(remove));
  }

  /** Operator and value of anything that is compared; `list` is the id of a list of values to choose from. */
  function comparison(one, kind, list = "") {
    const operators = labelled(words.operators[kind] ?? words.operators.text, labels.operators);
    const parts = [select(t("Operator"), one.op ?? "is", operators, (op) => change(() => {
      one.op = op;
      if (NOTHING.has(op)) delete one.value;
      else one.value = LISTS.has(op) ? [one.value ?? ""].flat() : [one.value ?? ""].flat()[0];
    }))];
    if (NOTHING.has(one.op)) return parts;
    if (kind === "yes") parts.push(select(t("Value"), String(one.value), { true: t("yes"), false: t("no") }, (value) => change(() => { one.value = value === "true"; })));
    else parts.push(input(t("Value"), [one.value ?? ""].flat().join(", "), (value) => change(() => { one.value = read(value, kind, one.op ?? "is"); }), { title: LISTS.has(one.op) ? t("Several values are separated by commas") : "", ...(list && !LISTS.has(one.op) ? { list } : {}) }));
    return parts;
  }

  const profile = (one) => [
    select(t("Field"), one.field, labelled(Object.keys(words.fields), labels.fields), (field) => change(() => { one.field = field; one.op = "known"; delete one.value; })),
    ...comparison(one, words.fields[one.field]),
  ];
  const tag = (one) => [
    select(t("Tag"), one.tag, labelled(Object.keys(words.tags), {}), (name) => change(() => { one.tag = name; one.op = "known"; delete one.value; })),
    ...comparison(one, words.tags[one.tag] ?? "text"),
  ];
  const member = (one) => [select(t("In a segment"), one.segment, labels.segments, (name) => change(() => { one.segment = name; }))];
  const sample = (one) => [input(t("Percent"), one.percent, (value) => change(() => { one.percent = Number(value); }), { type: "number", min: "0.01", max: "99.99", step: "any" })];
  const list = (one) => [input(t("On a list"), one.tag, (value) => change(() => { one.tag = value.trim(); }))];

  function behaviour(one) {
    const columns = words.sources[one.source];
    const aggregate = one.aggregate ?? "count";
    const numeric = PLAIN.has(aggregate) || ["sum", "avg", "distinct"].includes(aggregate);
    const parts = [
      select(t("What"), one.source, labels.sources, (source) => change(() => { Object.assign(one, { source, where: [], aggregate: "count", column: "", op: "at_least", value: 1 }); })),
      select(t("How it is measured"), aggregate, labelled(words.aggregates, labels.aggregates), (name) => change(() => {
        one.aggregate = name;
        one.column = PLAIN.has(name) ? "" : Object.keys(columns).find((key) => ["sum", "avg", "min", "max"].includes(name) ? columns[key] === "number" : true);
        Object.assign(one, { op: "known" });
        delete one.value;
        if (name === "count") Object.assign(one, { op: "at_least", value: 1 });
        else one.value = null;
      })),
    ];
    const ordered = ["min", "max"].includes(aggregate) && !(one.column in columns); // a property's smallest is that of numbers
    if (!PLAIN.has(aggregate)) parts.push(...column(one, one.source, columns, () => Object.assign(one, { op: "known", value: null })));
    parts.push(...comparison(one, numeric || ordered ? "number" : columns[one.column] ?? "text"));
    parts.push(...when(one), ...filters(one, one.source, columns, 0));
    return parts;
  }

  /** A column of `source`, and of events any property by its name; `after` is done with another one. */
  function column(one, source, columns, after) {
    const own = source === "events" && one.column.startsWith(PROPERTY) && !(one.column in columns);
    const known = [...new Set([...(own ? [] : [one.column]), ...Object.keys(columns)])];
    const options = { ...labelled(known, labels.columns), ...(source === "events" ? { [PROPERTY]: t("a property of its own") } : {}) };
    const name = (text) => change(() => { one.column = PROPERTY + text.trim(); });
    return [
      select(t("Column"), own ? PROPERTY : one.column, options, (next) => change(() => { one.column = next; after(); })),
      ...(own ? [input(t("Name of the property"), one.column.slice(PROPERTY.length), name, { required: true, maxlength: "100" })] : []),
    ];
  }

  /** On which days: any, the last so many, from one day to another, or those of a name. */
  function when(one) {
    const days = one.window ?? {};
    const kind = days.period ?? (days.days != null || days.until_days ? "days" : days.first || days.last ? "dates" : "ever");
    const today = new Date().toLocaleDateString("sv"); // as YYYY-MM-DD
    const fresh = { ever: null, days: { days: 30 }, dates: { first: today } };
    const put = (next) => change(() => { if (next && Object.keys(next).length) one.window = next; else delete one.window; });
    const field = (label, key, more) => named(label, input(label, days[key] || (key === "days" ? days[key] : ""), (text) => {
      const { [key]: _, ...rest } = days;
      const value = more.type === "number" ? Number(text) : text;
      put(text === "" ? rest : { ...rest, [key]: value });
    }, more));
    const periods = Object.entries(labels.periods ?? {});
    const choices = [
      ["", { ever: t("at any time"), days: t("in the last days"), dates: t("from day to day") }],
      [t("Calendar"), Object.fromEntries(periods.filter(([key]) => !PROMOTIONS.has(key)))],
      [t("Promotions"), Object.fromEntries(periods.filter(([key]) => PROMOTIONS.has(key)))],
    ];
    const number = { type: "number", min: "0", max: "3650" };
    const fields = {
      days: () => [field(t("How many days"), "days", number), field(t("Ending days ago"), "until_days", number)],
      dates: () => [field(t("First day"), "first", { type: "date" }), field(t("Last day"), "last", { type: "date" })],
    };
    return [named(t("When"), grouped(t("When"), kind, choices, (next) => put(next in fresh ? fresh[next] : { period: next }))), ...(fields[kind]?.() ?? [])];
  }

  /** The comparisons of `one.where`, of which at least `least` stay, and the way to another. */
  function filters(one, source, columns, least) {
    const tests = one.where ?? [];
    const lines = tests.map((test, index) => make("div", { class: "filters" }, t("where"),
      ...column(test, source, columns, () => { test.op = "known"; delete test.value; }),
      ...comparison(test, columns[test.column] ?? "any", suggest(source, test.column)),
      removal(tests.length > least ? () => change(() => { one.where = tests.filter((each) => each !== test); }) : null)));
    return [...lines, button(t("Add a filter"), () => change(() => { one.where = [...tests, { column: "channel", op: "known" }]; }), { class: "button plain" })];
  }

  /** One event after the other, with what must not come between. */
  function sequence(one) {
    const happening = (list, index, label, least, away) => make("fieldset", { class: "step" },
      make("legend", {}, label),
      ...filters(list[index], "events", words.sources.events, 1),
      removal(list.length > least ? () => change(() => list.splice(index, 1)) : null, away));
    const without = one.without ?? [];
    const more = (label, list, most, add) => (list.length < most ? button(label, () => change(add)) : null);
    return [
      ...one.steps.map((_, index) => happening(one.steps, index, t(index ? "then" : "First"), STEPS.least, t("Remove this step"))),
      ...without.map((_, index) => happening(without, index, t("without in between"), 0, t("Remove this exclusion"))),
      make("div", { class: "row" },
        more(t("Add a step"), one.steps, STEPS.most, () => one.steps.push(step())),
        more(t("Add what must not come between"), without, STEPS.between, () => { one.without = [...without, step()]; })),
      ...within(one),
      ...when(one),
    ].filter((part) => part !== null);
  }

  /** How long after the step before, in the largest unit in which it is a whole number; empty for any time. */
  function within(one) {
    const minutes = one.within_minutes ?? null;
    const unit = Object.keys(MINUTES).find((name) => (minutes ?? 0) % MINUTES[name] === 0);
    const amount = minutes === null ? "" : minutes / MINUTES[unit];
    const put = (value, name) => change(() => {
      if (value === "") delete one.within_minutes;
      else one.within_minutes = Math.round(Number(value) * MINUTES[name]);
    });
    const units = { days: t("days"), hours: t("hours"), minutes: t("minutes") };
    return [
      named(t("each within"), input(t("each within"), amount, (value) => put(value, unit), { type: "number", min: "1", placeholder: t("any time") })),
      ...(minutes === null ? [] : [select(t("Unit of time"), unit, units, (name) => put(amount, name))]),
    ];
  }

  /** Within some kilometres of a place. */
  function near(one) {
    const number = (label, key, min, max) => named(label, input(label, one[key], (value) => change(() => { one[key] = value === "" ? null : Number(value); }), { type: "number", min, max, step: "any", required: true }));
    return [
      number(t("Latitude"), "latitude", "-90", "90"),
      number(t("Longitude"), "longitude", "-180", "180"),
      number(t("Kilometres"), "km", "0.01", "1000"),
      ...when(one),
    ];
  }

  return { node, filters };
}

function read(value, kind, op) {
  const single = (word) => (kind === "number" || op.endsWith("_days") || (kind === "any" && word !== "" && !Number.isNaN(Number(word))) ? Number(word) : word);
  return LISTS.has(op) ? value.split(/[,，]/).map((word) => single(word.trim())) : single(value.trim());
}
