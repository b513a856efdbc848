// One player at the bottom for all recordings. It stays while one goes from page to page, knows where one stopped
// listening, and answers media keys and the lock screen. Tells the document `aircheck:player` whenever it changes.
import { clock } from "./time.js";
import { failed } from "./toast.js";
import { draw, paint } from "./wave.js";

const bar = document.getElementById("player");
const audio = bar.querySelector("audio");
const wave = bar.querySelector(".wave");
const toggleButton = bar.querySelector("[data-toggle]");
const speed = bar.querySelector("[data-speed]");
const key = (id) => `aircheck:position:${id}`;
const LAST = "aircheck:last";
const SPEED = "aircheck:speed";
/** So much of what is being recorded is left to play for whoever goes to its end, in seconds. */
const EDGE = 4;

let current = null;
/** Where to begin once the sound is there. */
let pending = 0;
/** Whether somebody wants to hear it now; also where the browser has paused it because of an error. */
let wanted = false;
/** Whether it is from the last visit, and nobody has wanted to hear it since. */
let resumed = false;
/** Where the sound begins that is loaded: what is still being recorded is asked for from a place on. */
let from = 0;
/** Whether what is loaded grows as it is recorded. In that one does not seek: it is asked for anew from another place. */
let grows = false;
/** Where one stopped listening, as far as this tab knows: in another one may have gone on since. */
let known = 0;
/** Whether something was heard or sought here that is not remembered yet. */
let unsaved = false;
/** Whether this browser plays what is being recorded as it is on tape. */
let native = audio.canPlayType("application/vnd.apple.mpegurl") !== "";

/** What is in the player and still being recorded, or was a moment ago. */
const live = () => Boolean(current?.live) && Date.now() < Date.parse(current.until) + 10_000;

/** How much of what is being recorded is on tape, in seconds. A tab that nobody sees is not told, and goes by the clock. */
function taped() {
  const untold = document.hidden ? Math.min(Date.now(), Date.parse(current.until)) - current.told : 0;
  return (Number(current.taped) || 0) + Math.max(0, untold / 1000);
}

/** What is in the player; null where it is closed. */
export const playing = () => current;
export const isPaused = () => audio.paused;
/** Where one stopped listening to a recording, in seconds. */
export const stopped = (id) => Number(localStorage.getItem(key(id))) || 0;
/** Where it is, and how long it is, in seconds. */
export const position = () => (audio.readyState > 0 ? from + audio.currentTime : pending);
export function duration() {
  if (grows) return taped();
  return Number.isFinite(audio.duration) ? from + audio.duration : Number(current?.seconds) || 0;
}

/** Plays a recording, from where one stopped listening or from `at`. The one that plays is paused instead. */
export function play(data, at = null) {
  const same = current?.id === data.id;
  // It was on the air when it was chosen, and is a recording now.
  const done = same && current.live && !data.live;
  if (same && !(done && (at !== null || audio.paused))) {
    if (at !== null) { seek(at); start(); } else toggle();
    return;
  }
  load(data, at ?? (same ? position() : stopped(data.id)));
  start();
}

/** Begins, or goes on: from where another tab has come meanwhile, and with the recording of what was on the air. */
function start() {
  wanted = true;
  resumed = false;
  const there = stopped(current.id);
  if (there !== known) {
    known = there;
    seek(there);
  } else if (grows && !live()) {
    pending = audio.ended ? 0 : position();
    fetchSound();
  }
  audio.play().catch(unplayable);
}

function load(data, at) {
  remember();
  current = data;
  current.told = Date.now();
  pending = at;
  known = stopped(data.id);
  unsaved = false;
  bar.hidden = false;
  document.body.classList.add("plays");
  const title = bar.querySelector("[data-title]");
  title.textContent = data.title;
  if (data.page) title.href = data.page; else title.removeAttribute("href");
  const picture = bar.querySelector("[data-art]");
  picture.hidden = !data.artwork;
  if (data.artwork) picture.src = data.artwork;
  bar.querySelector("[data-station]").textContent = [data.station, data.when].filter(Boolean).join(" · ");
  draw(wave, data.picture ? `${data.picture}&bars=240` : "");
  wave.querySelector(".marks")?.remove();
  const marks = document.querySelector(`.row[data-id="${CSS.escape(data.id)}"] .marks`);
  if (marks) wave.append(marks.cloneNode(true));
  fetchSound();
  save();
  describe();
  changed();
}

function fetchSound() {
  grows = live();
  from = grows ? pending : 0;
  audio.src = grows ? `${current.live}.${native ? "m3u8" : "mp3"}?from=${from.toFixed(1)}` : current.media;
}

/** For the next visit. */
const save = () => localStorage.setItem(LAST, JSON.stringify(current));

/** Closes the player. */
export function close() {
  remember();
  audio.pause();
  audio.removeAttribute("src");
  current = null;
  grows = false;
  bar.hidden = true;
  document.body.classList.remove("plays");
  localStorage.removeItem(LAST);
  if ("mediaSession" in navigator) navigator.mediaSession.metadata = null;
  changed();
}

function unplayable(error) {
  // Another recording was chosen before this one began; or there is none, which is told elsewhere.
  if (error.name !== "AbortError" && error.name !== "NotSupportedError") failed(null);
}

export function toggle() {
  if (!current) return;
  if (audio.paused) start(); else audio.pause();
}

export function seek(seconds) {
  // Whoever is nearer to the end of what is being recorded is not thrown back.
  const end = live() ? Math.max(duration() - EDGE, position()) : duration();
  const place = Math.max(0, Math.min(seconds, end));
  unsaved = true;
  // Also of what is loaded: it may not have been told yet that it is.
  pending = place;
  if (grows || live()) {
    const plays = !audio.paused;
    fetchSound();
    if (plays) audio.play().catch(unplayable);
  } else if (audio.readyState > 0) audio.currentTime = place;
  changed();
}

const skip = (seconds) => seek(position() + seconds);

/** Remembers where one is; in a tab that has played nothing since, that is left to the one that has. */
function remember() {
  if (!current || !unsaved || audio.readyState === 0) return;
  unsaved = false;
  // What was heard to the end begins anew.
  if (!live() && duration() - position() < 10) localStorage.removeItem(key(current.id));
  else if (position() > 5) localStorage.setItem(key(current.id), position().toFixed(1));
  known = stopped(current.id);
}

/** Shows where the player is. */
function changed() {
  const [place, whole] = [position(), duration()];
  paint(wave, place, whole);
  bar.querySelector("[data-now]").textContent = clock(place);
  bar.querySelector("[data-whole]").textContent = clock(whole);
  document.dispatchEvent(new CustomEvent("aircheck:player"));
}

function showPaused() {
  toggleButton.setAttribute("aria-label", audio.paused ? toggleButton.dataset.play : toggleButton.dataset.pause);
  toggleButton.querySelector("use").setAttribute("href", audio.paused ? "#i-play" : "#i-pause");
  changed();
}

/** What the lock screen shows. */
function describe() {
  if (!("mediaSession" in navigator)) return;
  const artwork = current.artwork ? [{ src: new URL(current.artwork, location.href).href }] : [];
  navigator.mediaSession.metadata = new MediaMetadata({
    title: current.title, artist: current.station, album: current.when ?? "aircheck", artwork,
  });
}

function tellPosition() {
  if (!("mediaSession" in navigator) || !Number.isFinite(audio.duration) || audio.duration === 0) return;
  navigator.mediaSession.setPositionState({
    duration: audio.duration, playbackRate: audio.playbackRate, position: Math.min(audio.currentTime, audio.duration),
  });
}

/** The recording before or after this one, on the page that is shown. */
function neighbour(step) {
  const rows = [...document.querySelectorAll(".row[data-id]")];
  const at = rows.findIndex((row) => row.dataset.id === current?.id);
  const row = at < 0 ? null : rows[at + step];
  if (row) play({ ...row.dataset });
}

audio.addEventListener("loadedmetadata", () => {
  if (!grows) audio.currentTime = pending;
  audio.playbackRate = Number(speed.value);
  changed();
  tellPosition();
});
for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, () => { remember(); showPaused(); });
audio.addEventListener("pause", () => { if (audio.paused && !audio.error) wanted = false; });
for (const event of ["seeked", "ratechange", "play"]) audio.addEventListener(event, tellPosition);
for (const event of ["timeupdate", "durationchange"]) audio.addEventListener(event, changed);
audio.addEventListener("error", () => {
  if (!current) return;
  if (grows && (native || !live())) {
    // Not every browser that says so plays every sound that way, and an MP3 is played by all; or it is over.
    if (live()) native = false;
    pending = position();
    fetchSound();
    if (wanted) audio.play().catch(unplayable);
  // What was heard at the last visit may have been deleted since.
  } else if (resumed) close();
  else failed(null);
});
// Whoever uses this browser next need not see what was heard.
document.addEventListener("submit", (event) => {
  if (event.target.matches(".sign-out")) close();
});
addEventListener("pagehide", remember);
// What is missing is left out, as from the recording that becomes of it: it is as long as there is sound of it.
document.addEventListener("aircheck:on-air", ({ detail }) => {
  if (!current?.live) return;
  const now = detail.find((one) => one.id === current.id);
  if (now) Object.assign(current, { taped: now.on_tape, told: Date.now() });
  // It may have been extended; or stopped, and then it is over from now on.
  const until = now?.until ?? new Date(Math.min(Date.now(), Date.parse(current.until))).toISOString();
  if (until === current.until) return;
  current.until = until;
  save();
});
let remembered = 0;
audio.addEventListener("timeupdate", () => {
  if (!audio.paused) unsaved = true;
  if (Math.abs(audio.currentTime - remembered) < 5) return;
  remembered = audio.currentTime;
  remember();
});

for (const button of bar.querySelectorAll("[data-skip]")) {
  button.addEventListener("click", () => skip(Number(button.dataset.skip)));
}
toggleButton.addEventListener("click", toggle);
bar.querySelector("[data-close]").addEventListener("click", close);
speed.value = localStorage.getItem(SPEED) ?? "1";
if (!speed.value) speed.value = "1";
speed.addEventListener("change", () => {
  audio.playbackRate = Number(speed.value);
  localStorage.setItem(SPEED, speed.value);
});

if ("mediaSession" in navigator) {
  const handlers = {
    play: start,
    pause: () => audio.pause(),
    stop: () => close(),
    seekbackward: (details) => skip(-(details.seekOffset || 15)),
    seekforward: (details) => skip(details.seekOffset || 30),
    seekto: (details) => seek(details.seekTime),
    previoustrack: () => (position() > 5 ? seek(0) : neighbour(-1)),
    nexttrack: () => neighbour(1),
  };
  for (const [action, handler] of Object.entries(handlers)) {
    // Not every browser knows every action.
    try { navigator.mediaSession.setActionHandler(action, handler); } catch { /* it has no such key */ }
  }
}

/** What was in the player when the page was last left, without a sound. */
export function resume() {
  try {
    const data = JSON.parse(localStorage.getItem(LAST));
    if (!data?.id) return;
    if (!data.live) { bring(data); return; }
    // Meanwhile it may have been extended, stopped, or become a recording: one is told at once.
    document.addEventListener("aircheck:on-air", ({ detail }) => {
      if (current) return;
      const now = detail.find((one) => one.id === data.id);
      bring(now ? { ...data, taped: now.on_tape, until: now.until } : { ...data, live: undefined });
    }, { once: true });
  } catch { localStorage.removeItem(LAST); }
}

function bring(data) {
  audio.preload = "none";
  load(data, stopped(data.id));
  audio.preload = "metadata";
  resumed = true;
}
