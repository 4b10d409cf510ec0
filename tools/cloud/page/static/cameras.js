// All cameras: the table follows what is typed and what the cameras tell.

import { keepFresh, write } from "./fresh.js";

const id = (name) => document.getElementById(name);
const form = id("choose");
const query = () => new URLSearchParams(new FormData(form)).toString();

const look = keepFresh(
  () => "/page/cameras?" + query(),
  ({ title, show, table }) => {
    id("title").textContent = title;
    const chosen = id("show").value;
    id("show").innerHTML = show;
    id("show").value = chosen;
    const focused = document.activeElement.closest("#table a")?.getAttribute("href");
    write(id("table"), table);
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
