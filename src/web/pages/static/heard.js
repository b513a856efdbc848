// Marks a recording as heard once nine tenths of it have played here, on whichever visits. Who jumps to the end has not
// heard it; live recordings and tapes count for nothing.
import { api } from "./api.js";
import { duration, isPaused, playing, position } from "./player.js";

/** A recording is looked at in so many parts, of which so many must have played. */
const PARTS = 100;
const ENOUGH = 90;
/** The longest way that the player goes between two reports, in seconds: a hidden tab reports once a second. */
const STEP = 4;
/** When it is told again that somebody has heard it, if the service did not answer, in milliseconds. */
const AGAIN = 60_000;
const key = (id) => `aircheck:heard:${id}`;

/** What plays, where it was last, and which parts of it have played. */
let last = null;
/** The recording that is being told. */
let told = null;

document.addEventListener("aircheck:player", () => {
  const now = playing();
  if (!now?.media || now.live || now.tape) { last = null; return; }
  const [at, whole] = [position(), duration()];
  if (last?.id !== now.id) last = { id: now.id, at, parts: known(now.id) };
  const from = last.at;
  last.at = at;
  if (isPaused() || at <= from || at - from > STEP || !(whole > 0)) return;
  const [first, end] = [from, at].map((seconds) => Math.min(PARTS - 1, Math.floor((seconds / whole) * PARTS)));
  let isNew = false;
  for (let part = first; part <= end; part++) {
    isNew ||= !last.parts[part];
    last.parts[part] = true;
  }
  if (!isNew) return;
  localStorage.setItem(key(now.id), last.parts.map((part) => (part ? "1" : "0")).join(""));
  if (last.parts.filter(Boolean).length >= ENOUGH) tell(last);
});

/** Returns which parts of a recording have played at this browser. */
function known(id) {
  const stored = localStorage.getItem(key(id)) ?? "";
  return Array.from({ length: PARTS }, (_, part) => stored[part] === "1");
}

async function tell(heard) {
  if (told === heard.id) return;
  told = heard.id;
  try {
    await api(`/recordings/${encodeURIComponent(heard.id)}/heard`, "POST");
    // Who takes the mark away has not heard it, until it has played once more.
    heard.parts.fill(false);
    localStorage.removeItem(key(heard.id));
    told = null;
  } catch {
    setTimeout(() => { told = null; if (last === heard) tell(heard); }, AGAIN);
  }
}
