// One picture, large, with its neighbours an arrow key away.

const SWIPE_PIXELS = 50;

export class Viewer {
  #pictures;
  #dialog = document.getElementById("viewer");
  #card = null;
  #touch = null;

  /** `pictures` gives all() cards in order and fetches older ones. */
  constructor(pictures) {
    this.#pictures = pictures;
    const dialog = this.#dialog;
    dialog.addEventListener("click", (event) => {
      const go = event.target.closest("[data-go]")?.dataset.go;
      if (go === "close") dialog.close();
      else if (go) this.#go(go);
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const go = { ArrowLeft: "newer", ArrowRight: "older" }[event.key];
      if (!go) return;
      event.preventDefault();
      this.#go(go);
    });
    dialog.addEventListener("close", () => this.#closed());
    dialog.addEventListener("touchstart", (event) => this.#touchStart(event), { passive: true });
    dialog.addEventListener("touchend", (event) => this.#touchEnd(event), { passive: true });
    // The back button of a phone closes the picture, not the page.
    history.scrollRestoration = "manual";
    window.addEventListener("popstate", () => dialog.open && dialog.close());
  }

  get isOpen() {
    return this.#dialog.open;
  }

  open(card) {
    this.#show(card);
    this.#dialog.showModal();
    this.#button("close").focus();
    history.pushState({ viewer: true }, "");
  }

  #show(card) {
    this.#card = card;
    const link = card.querySelector("a.photo");
    const image = this.#dialog.querySelector("img");
    image.src = link.href;
    image.alt = link.querySelector("img").alt;
    this.#dialog.querySelector(".raw").href = link.href;
    this.#dialog
      .querySelector("figcaption")
      .replaceChildren(card.querySelector(".about").cloneNode(true));
  }

  async #go(direction) {
    const card = await this.#next(direction === "newer" ? -1 : 1);
    if (card && this.#dialog.open) this.#show(card);
  }

  async #next(step) {
    const here = () => this.#pictures.all();
    let cards = here();
    const place = cards.indexOf(this.#card);
    // The card may be gone, when all pictures came anew: then from the newest on.
    if (place < 0) return cards[0];
    if (cards[place + step] || step < 0) return cards[place + step];
    await this.#pictures.loadOlder();
    cards = here();
    return cards[cards.indexOf(this.#card) + step];
  }

  #closed() {
    if (history.state?.viewer) history.back();
    const link = this.#card?.querySelector("a.photo");
    if (link?.isConnected) {
      link.focus({ preventScroll: true });
      link.scrollIntoView({ block: "nearest" });
    }
  }

  #button(go) {
    return this.#dialog.querySelector(`[data-go=${go}]`);
  }

  #touchStart(event) {
    const [touch] = event.touches;
    // Two fingers zoom.
    this.#touch = event.touches.length === 1 ? [touch.clientX, touch.clientY] : null;
  }

  #touchEnd(event) {
    if (!this.#touch || event.touches.length || window.visualViewport?.scale > 1) return;
    const [touch] = event.changedTouches;
    const x = touch.clientX - this.#touch[0];
    const y = touch.clientY - this.#touch[1];
    if (Math.abs(x) > SWIPE_PIXELS && Math.abs(x) > 2 * Math.abs(y)) {
      this.#go(x > 0 ? "newer" : "older");
    }
  }
}
