// The rows of recordings: play buttons and waveforms.
import { duration, isPaused, play, playing, position, seek, stopped } from "./player.js";
import { drawLater, movable, paint } from "./wave.js";

const rowOf = (element) => element.closest(".row[data-id]");

document.addEventListener("click", (event) => {
  const button = event.target.closest(".row .play");
  if (button) play({ ...rowOf(button).dataset });
  const place = event.target.closest(".row [data-seek]");
  // A little before the gap, so that one hears the sound break off.
  if (place) play({ ...rowOf(place).dataset }, Math.max(0, Number(place.dataset.seek) - 3));
});

movable(document, (wave, seconds) => {
  const row = rowOf(wave);
  if (!row || playing()?.id === row.dataset.id) seek(seconds); else play({ ...row.dataset }, seconds);
});

/** Prepares the rows in a new part of the page. */
export function ready(part) {
  for (const row of part.querySelectorAll(".row[data-id]:not(.ready)")) {
    row.classList.add("ready");
    const wave = row.querySelector(".wave");
    if (!wave) continue;
    drawLater(wave);
    const at = stopped(row.dataset.id);
    if (at > 0) paint(wave, at, Number(row.dataset.seconds));
  }
  shown = null;
  show();
}

let shown = null;

/** Shows the state of the player in the row. */
function show() {
  const now = playing();
  const row = now && document.querySelector(`.row[data-id="${CSS.escape(now.id)}"]`);
  const paused = isPaused();
  const state = `${now?.id} ${paused} ${Boolean(row)}`;
  if (state !== shown) {
    shown = state;
    for (const other of document.querySelectorAll(".row.current")) if (other !== row) mark(other, false, true);
    if (row) mark(row, true, paused);
  }
  const wave = row?.querySelector(".wave");
  if (wave) paint(wave, position(), duration() || Number(row.dataset.seconds));
}

function mark(row, current, paused) {
  row.classList.toggle("current", current);
  const button = row.querySelector(".play");
  const words = button.getAttribute("aria-label");
  const [from, to] = paused ? [button.dataset.pause, button.dataset.play] : [button.dataset.play, button.dataset.pause];
  if (words.startsWith(`${from}:`)) button.setAttribute("aria-label", to + words.slice(from.length));
  button.querySelector("use").setAttribute("href", paused ? "#i-play" : "#i-pause");
  const wave = row.querySelector(".wave");
  if (wave) wave.tabIndex = current ? 0 : -1;
}

document.addEventListener("aircheck:player", show);
