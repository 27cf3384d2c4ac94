/** Small builders of elements, shared by everything that is drawn in the browser. */

/** A new element with attributes, listeners (functions) and children; children that are null are left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (typeof value === "boolean") element.toggleAttribute(key, value);
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((one) => one !== null));
  return element;
}

export const button = (label, act, more = {}) => make("button", { type: "button", class: "button", click: act, ...more }, label);

export function select(label, value, options, act) {
  const list = Object.entries(options).map(([key, name]) => make("option", { value: key, selected: key === value }, name));
  return make("select", { "aria-label": label, change: (event) => act(event.target.value) }, ...list);
}

/** The same with groups: ``[[heading, {key: name}], …]``. */
export function grouped(label, value, groups, act) {
  const option = ([key, name]) => make("option", { value: key, selected: key === value }, name);
  const lists = groups.map(([heading, options]) => {
    const list = Object.entries(options).map(option);
    return heading ? [make("optgroup", { label: heading }, ...list)] : list;
  });
  return make("select", { "aria-label": label, change: (event) => act(event.target.value) }, ...lists.flat());
}

export const input = (label, value, act, more = {}) =>
  make("input", { "aria-label": label, placeholder: label, value: value ?? "", change: (event) => act(event.target.value), ...more });

/** A control with its name in front of it. */
export const named = (label, control) => make("label", { class: "named" }, make("span", {}, label), control);

export const removal = (remove, label) => (remove ? button(label, remove, { class: "button plain" }) : null);

const CONTROLS = "button, input, select, textarea";

/** Put `fresh` into `place` instead of what is there; the control at the same position keeps the focus. */
export function renew(place, ...fresh) {
  const at = [...place.querySelectorAll(CONTROLS)].indexOf(document.activeElement);
  place.replaceChildren(...fresh);
  if (at >= 0) place.querySelectorAll(CONTROLS)[at]?.focus();
}
