// Shows changes at once: the service says what has changed, and the parts of the page that show it are fetched again.
// Parts that did not change stay, with their focus and what is open in them.
import { page } from "./go.js";
import { ready } from "./ready.js";

const PAUSE = 200;
/** The pause before the page listens again, in milliseconds. */
const AGAIN = 10_000;
const WHOLE = "[data-live=whole]";

/** Updates a list whose children have keys and versions. `open`: older children may follow below the fresh ones. */
function merge(old, fresh, open) {
  const known = new Map([...old.children].map((child) => [child.dataset.key, child]));
  let before = old.firstElementChild;
  for (const child of [...fresh.children]) {
    const same = known.get(child.dataset.key);
    known.delete(child.dataset.key);
    if (!same) { old.insertBefore(child, before); continue; }
    // A child that is no longer among the fresh ones was removed.
    while (before && before !== same && !stays(before, fresh)) {
      const gone = before;
      before = before.nextElementSibling;
      known.delete(gone.dataset.key);
      gone.remove();
    }
    if (same !== before) old.insertBefore(same, before);
    else before = same.nextElementSibling;
    const inner = [same, child].map((one) => one.querySelector(":scope > [data-live=rows]"));
    if (inner[0] && inner[1]) {
      // The last day may continue below.
      merge(inner[0], inner[1], open && !child.nextElementSibling);
      same.hidden = [...inner[0].children].every((row) => row.hidden);
    } else if (same.dataset.version !== child.dataset.version) same.replaceWith(child);
  }
  if (!open) for (const gone of known.values()) gone.remove();
}

const stays = (child, fresh) => [...fresh.children].some((one) => one.dataset.key === child.dataset.key);

/** Replaces a part as a whole, unless it is the same. Returns a function that restores the focus. */
function replace(old, fresh) {
  if (old.dataset.version === fresh.dataset.version) return null;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const [key, act] = [focused?.closest("[data-key]")?.dataset.key, focused?.dataset.act];
  old.replaceWith(fresh);
  if (!focused) return null;
  return () => focus(fresh, key, act);
}

function focus(fresh, key, act) {
  const row = key && fresh.querySelector(`[data-key="${CSS.escape(key)}"]`);
  const again = row && (row.querySelector(act ? `[data-act="${act}"]` : "a, button") ?? row.querySelector("button, a"));
  (again ?? document.getElementById("content")).focus({ preventScroll: true });
}

let under = null;
let after = null;

/** Fetches the parts of this page that change. The promise resolves when they show the state after the call. */
export function refresh() {
  if (!under) {
    under = fetched().finally(() => { under = null; });
    return under;
  }
  // A running request may have been sent too early.
  const again = () => { after = null; return refresh(); };
  after ??= under.then(again, again);
  return after;
}

async function fetched() {
  const address = location.href;
  const found = await page(address).catch(() => null);
  if (!found || address !== location.href) return;
  const part = (root, name) => root.querySelector(`[data-live=${name}]`);
  const days = [part(document, "days"), part(found.document, "days")];
  const focused = days[0]?.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.closest("[data-key]").dataset.key;
  if (days[0] && days[1]) merge(days[0], days[1], Boolean(found.document.querySelector(".pages a[rel=next]")));
  const wholes = [...found.document.querySelectorAll(WHOLE)];
  const focuses = wholes.map((fresh) => {
    const old = document.getElementById(fresh.id);
    return old ? replace(old, fresh) : null;
  });
  ready(document.getElementById("content"));
  for (const put of focuses) put?.();
  if (focused && !focused.isConnected) focus(days[0], key);
}

let later = 0;
const soon = () => { clearTimeout(later); later = setTimeout(refresh, PAUSE); };

let events = null;
/** The id of the last event; at first, the mark of the page. */
let since = document.body.dataset.since;

/** Listens to the service while the page is visible: a browser has few connections for all its tabs. */
export function listen() {
  if (events || document.hidden) return;
  const query = since ? `?since=${encodeURIComponent(since)}` : "";
  events = new EventSource(`${document.body.dataset.api}/events${query}`);
  events.addEventListener("changed", (event) => { since = event.lastEventId; soon(); });
  events.addEventListener("on-air", (event) => {
    since = event.lastEventId;
    document.dispatchEvent(new CustomEvent("aircheck:on-air", { detail: JSON.parse(event.data) }));
  });
  events.addEventListener("grabs", (event) => {
    since = event.lastEventId;
    document.dispatchEvent(new CustomEvent("aircheck:grabs", { detail: JSON.parse(event.data) }));
  });
  events.addEventListener("job", (event) => {
    since = event.lastEventId;
    // What becomes of the others is in the lists that change with them.
    if (JSON.parse(event.data).kind === "grab" && document.getElementById("grabs")) soon();
  });
  // The browser itself reconnects a broken connection. If the service restarts or has too many listeners, the page asks
  // again later.
  events.addEventListener("error", () => {
    if (events?.readyState !== EventSource.CLOSED) return;
    events = null;
    setTimeout(async () => { if (await isOpen()) listen(); }, AGAIN);
  });
}

/** Returns whether the session is still valid; leaves the page after signing out. */
async function isOpen() {
  const found = await page(location.href).catch(() => undefined);
  if (found === null) location.reload();
  return found !== null;
}

function rest() {
  events?.close();
  events = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
addEventListener("pagehide", rest);
// The browser may restore the page as it was before signing out.
addEventListener("pageshow", async (event) => { if (event.persisted && await isOpen()) listen(); });
document.addEventListener("aircheck:back", soon);
