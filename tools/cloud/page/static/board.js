// The board beside the pictures: its state, its buttons, its log.

const MOST_LINES = 500;

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

export class Board {
  #root = document.getElementById("board");
  #actions = document.getElementById("actions");
  #means = document.getElementById("led-means");
  #problem = document.getElementById("problem");
  #lines = document.getElementById("log");
  #latest = document.getElementById("latest");
  #buttons = new Map();
  #height = 0;

  constructor() {
    this.#root.hidden = false;
    this.#lines.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#latest.addEventListener("click", () => {
      this.#toEnd();
      this.#lines.focus();
    });
    new ResizeObserver(() => this.#resized()).observe(this.#lines);
  }

  /** Show what the server tells of the board. */
  show({ status, actions }) {
    for (const field of this.#root.querySelectorAll("[data-field]")) {
      const name = field.dataset.field;
      set(field, String(status[name] ?? "–"));
      field.dataset.tone = status.tones[name] ?? "";
    }
    const means = document.querySelector(`[data-led="${CSS.escape(status.led ?? "")}"] dd`);
    set(this.#means, means ? `LED ${means.textContent}` : "What the LED says");
    for (const action of actions) this.#showAction(action);
    const names = new Set(actions.map((action) => action.name));
    for (const [name, button] of this.#buttons) {
      if (names.has(name)) continue;
      button.remove();
      this.#buttons.delete(name);
    }
  }

  /** Whether the server is there: without it the buttons do nothing, and the state is old. */
  reachable(there) {
    this.#root.classList.toggle("unreachable", !there);
    for (const button of this.#buttons.values()) this.#enable(button);
  }

  /** Add lines to the log; `fresh`: they replace what is there. */
  log({ fresh, lines }) {
    const follow = this.#latest.hidden;
    if (fresh) this.#lines.replaceChildren();
    this.#lines.append(...lines.slice(-MOST_LINES).map(line));
    while (this.#lines.children.length > MOST_LINES) this.#lines.firstElementChild.remove();
    if (follow) this.#toEnd();
  }

  #showAction({ name, label, state, tone, hint, enabled }) {
    let button = this.#buttons.get(name);
    if (!button) {
      button = this.#make(name);
      this.#buttons.set(name, button);
      this.#actions.append(button);
    }
    set(button.querySelector(".label"), label);
    set(button.querySelector(".state"), state);
    set(button.querySelector(".hint"), hint);
    button.querySelector(".state").dataset.tone = tone;
    button.dataset.enabled = enabled;
    this.#enable(button);
  }

  #make(name) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "action";
    button.dataset.action = name;
    for (const part of ["label", "state", "hint"]) {
      const span = document.createElement("span");
      span.className = part === "state" ? "state lamp" : part;
      button.append(span);
    }
    button.addEventListener("click", () => this.#press(name, button));
    return button;
  }

  // Not `disabled`: that would take the focus from a button that is being used.
  #enable(button) {
    const there = !this.#root.classList.contains("unreachable");
    const may = there && button.dataset.enabled === "true" && button.ariaBusy !== "true";
    button.ariaDisabled = String(!may);
  }

  async #press(name, button) {
    if (button.ariaDisabled === "true") return;
    button.ariaBusy = "true";
    this.#enable(button);
    set(this.#problem, "");
    try {
      const answer = await fetch("/page/act/" + encodeURIComponent(name), { method: "POST" });
      if (!answer.ok) set(this.#problem, await reason(answer));
    } catch {
      set(this.#problem, "The server cannot be reached.");
    } finally {
      button.ariaBusy = "false";
      this.#enable(button);
    }
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#lines;
    if (clientHeight !== this.#height) return; // nobody scrolled: see #resized
    this.#latest.hidden = scrollHeight - scrollTop - clientHeight < 16;
  }

  // A log that has become smaller or larger still shows its end.
  #resized() {
    this.#height = this.#lines.clientHeight;
    if (this.#latest.hidden) this.#toEnd();
  }

  #toEnd() {
    this.#lines.scrollTop = this.#lines.scrollHeight;
    this.#latest.hidden = true;
  }
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

async function reason(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return `The server answered ${answer.status}.`;
  }
}

function line([at, text]) {
  const row = document.createElement("p");
  const time = document.createElement("time");
  time.textContent = new Date(at * 1000).toLocaleTimeString("en-GB", CLOCK);
  const words = document.createElement("span");
  words.textContent = text;
  row.dataset.level = /^(DEBUG|INFO|WARNING|ERROR)\b/.exec(text)?.[1].toLowerCase() ?? "";
  row.append(time, words);
  return row;
}
