/* What the pointer or the keyboard is on is said below the drawing; without scripts the browser's own hint says it. */
const said = document.querySelector("#graph-say");
if (said) {
  const rest = said.textContent;
  /* A link leads to the table, which is folded up. */
  for (const one of document.querySelectorAll(".ring a[href='#graph-table']")) {
    one.addEventListener("click", () => { document.querySelector("#graph-table").open = true; });
  }
  for (const one of document.querySelectorAll(".ring [data-say]")) {
    const say = () => { said.textContent = one.getAttribute("aria-label"); };
    const hush = () => { said.textContent = rest; };
    one.addEventListener("mouseenter", say);
    one.addEventListener("focus", say);
    one.addEventListener("mouseleave", hush);
    one.addEventListener("blur", hush);
  }
}
