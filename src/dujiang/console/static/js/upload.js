/** Uploads: drag and drop, streamed to the server with progress. Without scripts the form sends the file itself. */
import { t } from "./texts.js";

const zone = document.querySelector("[data-drop]");
const input = zone.querySelector("input[type=file]");
const bar = zone.querySelector("progress");
const status = zone.querySelector("[data-status]");

function send(file) {
  const request = new XMLHttpRequest();
  request.open("POST", `${zone.dataset.drop}?name=${encodeURIComponent(file.name)}`);
  request.setRequestHeader("content-type", "application/octet-stream");
  request.upload.addEventListener("progress", (event) => {
    bar.max = event.total;
    bar.value = event.loaded;
    status.textContent = `${t("Uploading")} ${file.name} · ${Math.floor((100 * event.loaded) / event.total)}%`;
  });
  request.addEventListener("load", () => {
    const answer = JSON.parse(request.responseText);
    if (answer.next) location.href = answer.next;
    else fail(answer.message);
  });
  request.addEventListener("error", () => fail(t("The upload was interrupted. Choose the file again to continue.")));
  bar.hidden = false;
  request.send(file);
}

function fail(message) {
  bar.hidden = true;
  status.textContent = message;
}

for (const name of ["dragenter", "dragover"]) {
  zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("over"); });
}
for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("over"));
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
});
input.addEventListener("change", () => input.files[0] && send(input.files[0]));
