/* The review queue by keyboard: j and k move, a accepts, r rejects. Without scripts the buttons do the same. */
const pairs = [...document.querySelectorAll("[data-suggestion]")];
let at = -1, isGoing = false;
const move = (step) => {
  at = Math.min(Math.max(at + step, 0), pairs.length - 1);
  pairs[at]?.focus();
  pairs[at]?.scrollIntoView({ block: "nearest" });
};
const press = (verdict) => pairs[Math.max(at, 0)]?.querySelector(`button[value="${verdict}"]`)?.click();
const doings = { j: () => move(1), k: () => move(-1), a: () => press("accept"), r: () => press("reject") };
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!isGoing) doings[event.key]?.();
  isGoing = event.key === "g" && !isGoing; // after g a letter leads to another page
});
