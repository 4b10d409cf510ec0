// The pictures on the page: the newest one large, the earlier ones below it.

// So many stay on a page that is left open; the others come back with "Older pictures".
const MOST = 200;

const id = (name) => document.getElementById(name);

export class Pictures {
  /** onOpen(card) is called when a picture is chosen, mayTrim() before cards are dropped. */
  onOpen = () => {};
  mayTrim = () => true;

  #newest = id("newest");
  #earlier = id("earlier");
  #older = id("older");
  #new = id("new");
  #arrived = 0;
  #unseen = 0;

  constructor() {
    this.all().forEach(ready);
    for (const list of [this.#newest, this.#earlier]) {
      list.addEventListener("click", (event) => this.#click(event));
      // An error does not bubble: it is caught on its way down.
      list.addEventListener("error", (event) => event.target.classList.add("gone"), true);
    }
    this.#older.addEventListener("click", (event) => {
      event.preventDefault();
      this.loadOlder();
    });
    this.#new.addEventListener("click", () => window.scrollTo({ top: 0 }));
    window.addEventListener("scroll", () => this.#atTop() && this.#seen(), { passive: true });
    document.addEventListener("visibilitychange", () => this.#countInTitle(0));
  }

  /** Take in what the server tells: new cards, newest first, or (fresh) all of them anew. */
  receive({ fresh, cards, older, title }) {
    const focused = document.activeElement;
    if (fresh) {
      this.#newest.replaceChildren();
      this.#earlier.replaceChildren();
      this.#older.hidden = !older;
    }
    this.#earlier.prepend(...this.#newest.children);
    const made = cards.map(make);
    this.#earlier.prepend(...made);
    if (this.#earlier.firstElementChild) this.#newest.append(this.#earlier.firstElementChild);
    if (focused?.isConnected && focused !== document.activeElement) {
      focused.focus({ preventScroll: true }); // moving a card takes the focus from it
    }
    id("empty").hidden = this.#newest.children.length > 0;
    id("title").textContent = title;
    this.#trim();
    if (made.length) this.#announce(made);
  }

  /** All cards, newest first. */
  all() {
    return [...this.#newest.children, ...this.#earlier.children];
  }

  /** Fetch the next older cards; the promise is of whether there were any. */
  async loadOlder() {
    const last = this.all().at(-1);
    if (!last || this.#older.hidden || this.#older.ariaBusy === "true") return false;
    this.#older.ariaBusy = "true";
    try {
      const answer = await fetch("/page/older?before=" + encodeURIComponent(last.dataset.name));
      if (!answer.ok) throw new Error(answer.statusText);
      const { cards, older } = await answer.json();
      if (!last.isConnected) return false; // all came anew meanwhile
      const made = cards.map(make);
      const focused = document.activeElement === this.#older;
      this.#earlier.append(...made);
      this.#older.hidden = !older;
      if (focused && !older) made[0]?.querySelector("a").focus();
      return made.length > 0;
    } catch {
      say("Older pictures could not be fetched");
      return false;
    } finally {
      this.#older.ariaBusy = "false";
    }
  }

  #click(event) {
    const link = event.target.closest("a.photo");
    // With a modifier key it is an ordinary link: to a new tab, say.
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
      return;
    }
    event.preventDefault();
    this.onOpen(link.closest(".card"));
  }

  #trim() {
    if (!this.#atTop() || !this.mayTrim()) return;
    const cards = this.all();
    if (cards.length <= MOST) return;
    for (const card of cards.slice(MOST)) card.remove();
    this.#older.hidden = false;
  }

  #announce(made) {
    for (const card of made) card.classList.add("arrived");
    const cause = made[0].querySelector(".cause")?.textContent;
    this.#arrived += made.length;
    const text = made.length > 1 ? `${made.length} new pictures` : "New picture";
    // Numbered, so that the same words are read again.
    say(`${text}${cause ? ": " + cause : ""} (${this.#arrived} since you opened this page)`);
    if (!this.#atTop()) {
      this.#unseen += made.length;
      this.#new.textContent = `${this.#unseen} new picture${this.#unseen === 1 ? "" : "s"} ↑`;
      this.#new.hidden = false;
    }
    if (document.hidden) this.#countInTitle(made.length);
  }

  #title = document.title;
  #hiddenCount = 0;

  #countInTitle(more) {
    this.#hiddenCount = document.hidden ? this.#hiddenCount + more : 0;
    document.title = (this.#hiddenCount ? `(${this.#hiddenCount}) ` : "") + this.#title;
  }

  #atTop() {
    return window.scrollY < 300;
  }

  #seen() {
    this.#unseen = 0;
    this.#new.hidden = true;
  }
}

function say(text) {
  id("announce").textContent = text;
}

// The server wrote and escaped it: see cards.py.
function make(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const card = template.content.firstElementChild;
  ready(card);
  return card;
}

function ready(card) {
  localise(card);
  shape(card);
}

const DAY = { day: "numeric", month: "short" };
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

/** Write a card's times in this computer's time zone; one without a zone stays that time. */
function localise(card) {
  let day = "";
  for (const time of card.querySelectorAll("time[datetime]")) {
    time.title = time.textContent;
    const moment = new Date(time.dateTime);
    const year = moment.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
    const clock = document.createElement("b");
    clock.textContent = moment.toLocaleTimeString("en-GB", CLOCK);
    time.replaceChildren(clock);
    // Once is enough, when it was captured and received on the same day.
    if (day !== (day = moment.toLocaleDateString("en-GB", { ...DAY, ...year }))) {
      time.append(" " + day);
    }
    if (!/(Z|[+-]\d\d:\d\d)$/.test(time.dateTime)) time.append(" by the camera's clock");
  }
}

/** Tell the style sheet the shape of the picture, so that the large one fills its place. */
function shape(card) {
  const image = card.querySelector("img");
  const [width, height] = ["width", "height"].map((side) => image.getAttribute(side));
  if (height) card.style.setProperty("--shape", width / height);
}
