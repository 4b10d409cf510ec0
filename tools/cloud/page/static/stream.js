// Server-sent events that are kept up, and a word on whether they are.

// The server says something every 10 s: see live.py.
const SILENCE_MS = 25000;
const CHECK_MS = 5000;
const RETRY_MS = 2000;

/**
 * Call handlers[name](data) for each event from `url`, beginning after `since`.
 * onState is called with "connecting", "live" or "lost". An EventSource connects again by
 * itself after most losses; the rest (an error page in its place, a connection that died
 * without a word, as behind a sleeping laptop) is done here.
 */
export function follow(url, since, handlers, onState) {
  let source = null;
  let heard = 0;
  let cursor = since;

  function hear(event) {
    heard = Date.now();
    if (event.lastEventId) cursor = event.lastEventId;
  }

  function open() {
    source?.close();
    heard = Date.now();
    const mine = new EventSource(url + "?since=" + encodeURIComponent(cursor));
    source = mine;
    mine.onopen = (event) => {
      hear(event);
      onState("live");
    };
    mine.onerror = () => {
      onState("lost");
      if (mine.readyState === EventSource.CLOSED) {
        setTimeout(() => mine === source && again(), RETRY_MS);
      }
    };
    mine.addEventListener("alive", hear);
    for (const [name, handle] of Object.entries(handlers)) {
      mine.addEventListener(name, (event) => {
        hear(event);
        handle(JSON.parse(event.data));
      });
    }
  }

  async function again() {
    try {
      // Where a login is asked for now, this page is no more to be seen.
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual" });
      if (answer.type === "opaqueredirect") return location.reload();
    } catch {
      // The server is away.
    }
    open();
  }

  setInterval(() => {
    if (source.readyState === EventSource.OPEN && Date.now() - heard > SILENCE_MS) {
      onState("lost");
      open();
    }
  }, CHECK_MS);
  onState("connecting");
  open();
}
