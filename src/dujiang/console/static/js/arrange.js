/** Arranging a dashboard by mouse, finger or keyboard. */
import { button, make, select } from "./dom.js";
import { COLUMNS, passing, settle, within } from "./layout.js";
import { t } from "./texts.js";

const form = document.querySelector("[data-arrange]");
const { questions, shows } = JSON.parse(document.getElementById("arrange").textContent);
const board = form.querySelector("[data-board]"), text = form.elements.tiles, undo = form.querySelector("[data-undo]");
const said = form.querySelector("[data-say]");
let tiles = JSON.parse(text.value);
const past = [];

const title = (tile) => questions[tile.question] ?? tile.question;
const place = (tile) => `${title(tile)}: ${t("column")} ${tile.x + 1}, ${t("row")} ${tile.y + 1}, ${tile.width} × ${tile.height}`;

/** Give a tile another place or size, and let the others give way. */
function put(tile, wanted) {
  past.push(JSON.stringify(tiles));
  Object.assign(tile, within({ ...tile, ...wanted }));
  settle(tiles, tile);
  show(tile);
  said.textContent = place(tile);
}

function drop(tile) {
  past.push(JSON.stringify(tiles));
  tiles = tiles.filter((one) => one !== tile);
  settle(tiles, null);
  show(tiles[0] ?? null);
  said.textContent = t("Taken away");
}

function show(focused = null) {
  text.value = JSON.stringify(tiles, null, 1);
  undo.disabled = past.length === 0;
  board.replaceChildren(...tiles.map((tile) => {
    const kind = select(t("Shown as"), tile.show, shows, (value) => put(tile, { show: value }));
    const number = make("input", { type: "number", min: "1", max: "40", value: tile.number, "aria-label": t("Which one"), change: (event) => put(tile, { number: Number(event.target.value) || 1 }) });
    const own = make("input", { type: "checkbox", checked: tile.own_days, change: (event) => put(tile, { own_days: event.target.checked }) });
    const box = make("div", {
      class: `card tile x${tile.x} y${tile.y} w${tile.width} h${tile.height}`, tabindex: "0", role: "group", "aria-label": place(tile),
      keydown: (event) => byKey(event, tile), pointerdown: (event) => grasp(event, tile, box),
    }, make("strong", {}, title(tile)), make("div", { class: "row tools" }, kind, number, make("label", { class: "check small" }, own, t("own days")), button(t("Remove"), () => drop(tile), { class: "button plain" })),
    make("span", { class: "corner", "aria-hidden": "true", "data-corner": "" }));
    if (tile === focused) requestAnimationFrame(() => box.focus());
    return box;
  }));
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function byKey(event, tile) {
  if (event.target !== event.currentTarget) return;
  if (event.key === "Delete") { event.preventDefault(); drop(tile); return; }
  const step = STEPS[event.key];
  if (!step) return;
  event.preventDefault();
  const [across, down] = step;
  if (event.shiftKey) put(tile, { width: tile.width + across, height: tile.height + down });
  else put(tile, { x: tile.x + across, y: down ? passing(tiles, tile, down) : tile.y });
}

/** Dragging: by the corner it resizes, elsewhere it moves, in whole cells. */
function grasp(event, tile, box) {
  if (event.button !== 0 || event.target.closest("button, select, input, label")) return;
  const isCorner = Boolean(event.target.closest("[data-corner]"));
  const cell = { x: (board.clientWidth + 16) / COLUMNS, y: 92 };
  const from = { x: event.clientX, y: event.clientY }, start = { ...tile };
  box.setPointerCapture(event.pointerId);
  box.dataset.held = "";
  box.addEventListener("pointermove", (move) => {
    const x = move.clientX - from.x, y = move.clientY - from.y;
    if (isCorner) box.style.setProperty("--w", Math.max(2, start.width + Math.round(x / cell.x)));
    if (isCorner) box.style.setProperty("--h", Math.max(1, start.height + Math.round(y / cell.y)));
    else box.style.transform = `translate(${x}px, ${y}px)`;
  });
  box.addEventListener("pointerup", (up) => {
    const across = Math.round((up.clientX - from.x) / cell.x), down = Math.round((up.clientY - from.y) / cell.y);
    if (!across && !down) { show(tile); return; }
    put(tile, isCorner ? { width: start.width + across, height: start.height + down } : { x: start.x + across, y: start.y + down });
  }, { once: true });
}

form.querySelector("[data-put]").addEventListener("click", () => {
  const question = form.querySelector("[data-add]").value;
  if (!question) return;
  past.push(JSON.stringify(tiles));
  const tile = { question, show: "picture", number: 1, own_days: false, x: 0, y: Math.max(0, ...tiles.map((one) => one.y + one.height)), width: 6, height: 4 };
  tiles.push(tile);
  settle(tiles, tile);
  show(tile);
  said.textContent = place(tile);
});
undo.addEventListener("click", () => { tiles = JSON.parse(past.pop()); show(); });
text.addEventListener("change", () => {
  try { const next = JSON.parse(text.value); past.push(JSON.stringify(tiles)); tiles = next; show(); text.removeAttribute("aria-invalid"); } catch { text.setAttribute("aria-invalid", "true"); }
});
show();
