// The page's start: finds the parts in the document and connects them.

import { Board } from "./board.js";
import { Pictures } from "./pictures.js";
import { follow } from "./stream.js";
import { Viewer } from "./viewer.js";

const STATES = {
  connecting: ["wait", "connecting"],
  live: ["ok", "live"],
  lost: ["bad", "disconnected, trying again"],
};

document.documentElement.classList.add("js");
const { live, board: attached, since } = document.body.dataset;

const pictures = new Pictures();
const viewer = new Viewer(pictures);
pictures.onOpen = (card) => viewer.open(card);
pictures.mayTrim = () => !viewer.isOpen;

const board = attached === "true" ? new Board() : null;
const connection = document.getElementById("connection");

function showState(state) {
  const [tone, text] = STATES[state];
  // Said aloud each time it is set: so only when it is another.
  if (connection.textContent !== text) connection.textContent = text;
  connection.dataset.tone = tone;
  document.body.dataset.connection = state;
  board?.reachable(state === "live");
}

if (live === "true") {
  const handlers = { pictures: (data) => pictures.receive(data) };
  if (board) {
    handlers.log = (data) => board.log(data);
    handlers.state = (data) => board.show(data);
  }
  follow("/page/events", since, handlers, showState);
}
