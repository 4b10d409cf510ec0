// One camera: its report and events follow what it tells; a wrong setting is told where it is typed.

import { keepFresh, write } from "./fresh.js";

const id = (name) => document.getElementById(name);
const PARTS = ["glance", "report", "state"];
const fields = new Map();

for (const field of document.querySelectorAll(".field")) {
  const input = field.querySelector("[name]");
  fields.set(input.name, { field, input, was: field.querySelector("[name^='was.']") });
  input.addEventListener("input", () => told(field, input));
}

function told(field, input) {
  const wrong = field.querySelector(".wrong");
  const right = input.validity.valid;
  input.setAttribute("aria-invalid", String(!right));
  wrong.textContent = right ? "" : input.dataset.wrong ?? input.validationMessage;
}

keepFresh(
  () => "/page/camera/" + document.body.dataset.camera,
  (found) => {
    for (const part of PARTS) write(id(part), found[part]);
    showEvents(found.events);
    for (const { name, value, stand, tone } of found.fields) {
      const known = fields.get(name);
      if (!known) continue;
      const line = known.field.querySelector(".stand");
      if (line.textContent !== stand) line.textContent = stand;
      line.dataset.tone = tone;
      // What somebody is just typing stays.
      if (known.input.value === known.was.value && known.input !== document.activeElement) {
        known.input.value = value;
        known.was.value = value;
      }
    }
    for (const [name, text] of Object.entries(found.commands)) {
      const line = document.querySelector(`[data-command="${CSS.escape(name)}"]`);
      if (line && line.textContent !== text) line.textContent = text;
    }
  },
);

// A log that was opened stays open.
function showEvents(html) {
  const open = new Set([...id("events").querySelectorAll("details[open]")].map((d) => d.dataset.at));
  write(id("events"), html);
  for (const details of id("events").querySelectorAll("details")) {
    if (open.has(details.dataset.at)) details.open = true;
  }
}
