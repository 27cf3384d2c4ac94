/** Lays a picture of the page under its clicks. The picture is read in the browser and never leaves it. */
for (const card of document.querySelectorAll("[data-page-heat]")) {
  card.querySelector("[data-picture]").addEventListener("change", (event) => {
    const file = event.target.files[0];
    if (!file) return;
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      for (const under of card.querySelectorAll("[data-under]")) under.setAttribute("href", reader.result);
      card.classList.add("pictured");
      card.querySelector("[data-private]").hidden = false;
    });
    reader.readAsDataURL(file);
  });
}
