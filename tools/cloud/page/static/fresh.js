// What the pages about cameras share: times in the reader's own words, and news from the server.

import { follow } from "./stream.js";

const WHEN = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" };
const UNITS = [[86400, "d"], [3600, "h"], [60, "min"]];
// Of many cameras there is always news: no more often than this, and not where nobody looks.
const REST_MS = 700;
const AGE_MS = 5000;

const STATES = {
  connecting: ["wait", "connecting"],
  live: ["ok", "live"],
  lost: ["bad", "disconnected, trying again"],
};

document.documentElement.classList.add("js");
localise(document);
setInterval(() => ages(document), AGE_MS);

/** Write the times in `root` in this computer's time zone, and the ages as they are now. */
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not(.age)")) {
    time.title = time.textContent;
    time.textContent = new Date(time.dateTime).toLocaleString("en-GB", { ...WHEN, hourCycle: "h23" });
  }
  ages(root);
}

function ages(root) {
  for (const time of root.querySelectorAll("time.age")) {
    const seconds = Math.max(0, (Date.now() - new Date(time.dateTime)) / 1000);
    const [unit, name] = UNITS.find(([unit]) => seconds >= 2 * unit) ?? [1, "s"];
    const text = `${Math.floor(seconds / unit)} ${name} ago`;
    if (time.textContent !== text) time.textContent = text;
  }
}

/** Write HTML of the server's into `element`: see cameras.py, which escapes it. */
export function write(element, html) {
  if (element.dataset.html === html) return;
  element.dataset.html = html;
  element.innerHTML = html;
  localise(element);
}

/** Call `show` with the JSON of `url()`, now and then again whenever the server has news. */
export function keepFresh(url, show) {
  let due = false;
  let asking = false;

  async function look() {
    due = true;
    if (asking || document.hidden) return;
    asking = true;
    while (due && !document.hidden) {
      due = false;
      try {
        const answer = await fetch(url());
        if (answer.ok) show(await answer.json());
      } catch {
        // The server went away: the stream says so, and tells when it is back.
      }
      await new Promise((done) => setTimeout(done, REST_MS));
    }
    asking = false;
  }

  document.addEventListener("visibilitychange", () => due && look());
  follow("/page/changes", "", { changed: look }, (state) => {
    const connection = document.getElementById("connection");
    const [tone, text] = STATES[state];
    if (connection.textContent !== text) connection.textContent = text;
    connection.dataset.tone = tone;
    document.body.dataset.connection = state;
  });
  return look;
}
