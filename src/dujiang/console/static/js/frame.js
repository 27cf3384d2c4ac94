/** The frame: menus, drawer, command palette, keyboard. Pages work without it; it makes them quicker. */
import { t } from "./texts.js";

const $ = (selector, root = document) => root.querySelector(selector);
const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]");

/* Menus close on Escape and on a click elsewhere. */
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));

/* The rail: folded on wide screens, a drawer on small ones. */
const rail = $("#rail"), opener = $("[data-open-rail]"), frame = $(".frame");
function showRail(isOpen) {
  rail.toggleAttribute("data-open", isOpen);
  opener.setAttribute("aria-expanded", String(isOpen));
}
opener.addEventListener("click", () => showRail(!rail.hasAttribute("data-open")));
document.addEventListener("click", (event) => {
  if (!event.target.closest("#rail, [data-open-rail]")) showRail(false);
});
$("[data-fold]").addEventListener("click", () => {
  const size = frame.dataset.rail === "small" ? "wide" : "small";
  frame.dataset.rail = size;
  document.cookie = `dj_rail=${size}; path=/; max-age=31536000; samesite=lax`;
});

/* Drawer: a link with data-drawer opens beside the page; without scripts it is a page of its own. */
const drawer = $("#drawer");
async function openDrawer(address) {
  await htmx.ajax("GET", address, { target: "#drawer-body", swap: "innerHTML" });
  if (!drawer.open) drawer.showModal();
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-drawer]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openDrawer(link.getAttribute("href"));
});
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
}
document.body.addEventListener("htmx:responseError", (event) => say(event.detail.target));
document.body.addEventListener("htmx:sendError", (event) => say(event.detail.target));
function say(target) {
  if (target) target.textContent = t("This could not be loaded. Check the connection and try again.");
}

/* Command palette. */
const palette = $("#palette"), query = $("#palette-input"), results = $("#palette-results");
function openPalette() {
  if (palette.open) return;
  palette.showModal();
  query.select();
  query.dispatchEvent(new Event("palette-open"));
}
document.addEventListener("click", (event) => event.target.closest("[data-palette]") && openPalette());
/* Whoever types faster than the answers come means the answer to what they typed, not the one still shown. */
let isStale = false, goesOnArrival = false;
query.addEventListener("input", () => { isStale = true; goesOnArrival = false; });
results.addEventListener("htmx:afterSwap", () => {
  isStale = false;
  if (goesOnArrival) results.querySelector("a")?.click();
});
palette.addEventListener("keydown", (event) => {
  const links = [...results.querySelectorAll("a")];
  const here = links.indexOf(document.activeElement);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = here + (event.key === "ArrowDown" ? 1 : -1);
    (links[next] ?? query).focus();
  } else if (event.key === "Enter" && here < 0) {
    event.preventDefault();
    if (isStale) goesOnArrival = true;
    else links[0]?.click();
  }
});

/* Keyboard: Ctrl-K and / search, ? help, g <letter> go. */
let isGoing = false;
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { closeMenus(); showRail(false); }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || $("dialog[open]")) return;
  if (isGoing) {
    isGoing = false;
    const link = document.querySelector(`#help a[data-letter="${CSS.escape(event.key)}"]`);
    if (link) location.href = link.href;
    return;
  }
  if (event.key === "/") { event.preventDefault(); openPalette(); }
  else if (event.key === "?") $("#help").showModal();
  else if (event.key === "g") isGoing = true;
});

/* Copy buttons. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText($(button.dataset.copy).textContent);
  button.textContent = t("Copied");
});
