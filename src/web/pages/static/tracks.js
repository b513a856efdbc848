// What was played: a list in the row of a recording, which is fetched when somebody opens it, one above the player, and
// what a search found. A click or Enter on a track plays from there. The track that plays is marked.
import { api } from "./api.js";
import { play, playing, position } from "./player.js";
import { failed } from "./toast.js";

const bar = document.getElementById("player");
const above = bar.querySelector(".played");
const model = document.getElementById("track");
/** The answers of the newest requests, by recording and version. */
const answers = new Map();
const KEPT = 20;

/** Returns what was played in a recording; asks once. */
function played(id, version) {
  const key = `${id} ${version}`;
  let answer = answers.get(key);
  if (!answer) {
    answer = api(`/recordings/${encodeURIComponent(id)}/tracks`);
    answers.set(key, answer);
    answer.catch(() => answers.delete(key));
    if (answers.size > KEPT) answers.delete(answers.keys().next().value);
  }
  return answer;
}

/** Shows `tracks` in `list`; without `media` they cannot be played. */
function fill(list, tracks, media) {
  list.replaceChildren(...tracks.map((track) => {
    const item = model.content.firstElementChild.cloneNode(true);
    const link = item.querySelector("a");
    if (media) link.href = `${media}#t=${track.at}`;
    Object.assign(link.dataset, { at: track.at, seconds: track.seconds });
    const time = item.querySelector("time");
    time.dateTime = track.start;
    // By the clock of the show.
    time.textContent = track.start.slice(11, 16);
    item.querySelector(".name").textContent = track.title;
    const artist = item.querySelector(".artist");
    if (track.artist) artist.textContent = track.artist; else artist.remove();
    return item;
  }));
}

// `toggle` does not bubble.
document.addEventListener("toggle", async (event) => {
  const details = event.target;
  if (!details.matches?.(".played") || !details.open) return;
  const list = details.querySelector(".tracks");
  if (details === above) { follow(list); return; }
  if (list.childElementCount > 0) { show(); return; }
  const row = details.closest(".row");
  try {
    fill(list, await played(details.dataset.of, row.dataset.version), row.dataset.media);
    show();
  } catch (error) {
    details.open = false;
    failed(error);
  }
}, true);

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-at]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const recording = bar.contains(link) ? playing() : link.closest("[data-id]")?.dataset;
  if (!recording) return;
  event.preventDefault();
  play({ ...recording }, Number(link.dataset.at));
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !above.open || !above.contains(document.activeElement)) return;
  above.open = false;
  above.querySelector("summary").focus();
});

/** The recording of which the tracks are above the player. */
let loaded = null;

/** Loads the tracks of what is in the player. */
async function load(now) {
  loaded = now?.id ?? null;
  above.hidden = true;
  if (now?.tracked === undefined) return;
  // Without them the player plays as well.
  const tracks = await played(now.id, now.version).catch(() => []);
  if (loaded !== now.id || tracks.length === 0) return;
  fill(above.querySelector(".tracks"), tracks, now.media);
  above.hidden = false;
  show();
}

/** Has the track that plays in sight. */
function follow(list) {
  const link = list.querySelector("[aria-current]");
  if (link) list.scrollTop = link.offsetTop - list.clientHeight / 3;
}

/** Marks what plays in all lists that can be seen, and says it above the player. */
function show() {
  const now = playing();
  if ((now?.id ?? null) !== loaded) load(now);
  const place = position();
  const plays = (link) => {
    const from = Number(link.dataset.at);
    return from <= place && place < from + Number(link.dataset.seconds);
  };
  const said = bar.querySelector("[data-track]");
  let words = said.dataset.tracks;
  for (const link of document.querySelectorAll("a[data-at]")) {
    const inBar = bar.contains(link);
    const id = inBar ? loaded : link.closest("[data-id]")?.dataset.id;
    const current = Boolean(now) && id === now.id && plays(link);
    if (current !== link.hasAttribute("aria-current")) {
      if (current) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
      if (current && inBar && above.open) follow(link.closest("ol"));
    }
    if (current && inBar) words = [...link.querySelectorAll(".artist, .name")].map((it) => it.textContent).reverse().join(" – ");
  }
  if (said.textContent !== words) said.textContent = words;
}

document.addEventListener("aircheck:player", show);

/** Marks what plays in a new part of the page. */
export const ready = show;
