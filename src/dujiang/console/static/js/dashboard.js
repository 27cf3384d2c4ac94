/** Tiles come one by one: each is asked for when the page is there, and drawn when it has come. */
import { drawAll } from "./charts.js";
import { t } from "./texts.js";

async function fill(tile) {
  const content = tile.querySelector(".content");
  try {
    const answer = await fetch(tile.dataset.tile);
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".content");
    content.replaceWith(fresh);
    tile.querySelector("[data-days]").textContent = fresh.dataset.note;
    drawAll(fresh);
  } catch {
    content.textContent = t("This could not be loaded. Check the connection and try again.");
  }
  tile.dataset.filled = "yes";
}

for (const tile of document.querySelectorAll("[data-tile]")) fill(tile);
