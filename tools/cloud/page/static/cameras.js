// All cameras: the table follows what is typed and what the cameras tell.

import { keepFresh, write } from "./fresh.js";

const id = (name) => document.getElementById(name);
const form = id("choose");
const query = () => new URLSearchParams(new FormData(form)).toString();
// Another choice begins with its first page.
const page = () => new URLSearchParams(location.search).get("page") ?? "";

const look = keepFresh(
  () => "/page/cameras?" + query() + "&page=" + encodeURIComponent(page()),
  ({ title, show, table, pages }) => {
    id("title").textContent = title;
    const chosen = id("show").value;
    id("show").innerHTML = show;
    id("show").value = chosen;
    const focused = document.activeElement.closest("#table a")?.getAttribute("href");
    write(id("table"), table);
    write(id("pages"), pages);
    if (focused) id("table").querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  },
);

form.addEventListener("input", () => {
  history.replaceState(null, "", "/cameras?" + query());
  look();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  look();
});
