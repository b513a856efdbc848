// The player at the bottom, for all recordings and for the tapes of stations. It stays from page to page, remembers where
// listening stopped, and answers media keys and the lock screen. It sends the document the event `aircheck:player`
// whenever it changes.
//
// The position in a recording counts from its beginning. That in a tape counts from the full hour of what plays; every
// seek in a tape loads it from another instant.
import { Stretch, dayOf, hourOf, secondsOfHour, timeOfDay } from "./tape.js";
import { clock } from "./time.js";
import { failed } from "./toast.js";
import { draw, paint, said } from "./wave.js";

const bar = document.getElementById("player");
const audio = bar.querySelector("audio");
const wave = bar.querySelector(".wave");
const toggleButton = bar.querySelector("[data-toggle]");
const speed = bar.querySelector("[data-speed]");
const key = (id) => `aircheck:position:${id}`;
const LAST = "aircheck:last";
const SPEED = "aircheck:speed";
/** How many seconds before its end a live recording plays if the listener goes to the end. */
const EDGE = 4;
const HOUR = 3600;
/** A tape that breaks off is asked for again if it has played for so long, in milliseconds. */
const AWAY = 5000;

let current = null;
/** The position to begin at once the sound is loaded. */
let pending = 0;
/** Whether it should play, even if the browser has paused it because of an error. */
let wanted = false;
/** Whether it is from the last visit, and was not played since. */
let resumed = false;
/** The position at which the loaded sound begins: a live recording is loaded from a position on. */
let from = 0;
/** Whether the loaded sound grows as it is recorded. Seeking in it loads it again from another position. */
let grows = false;
/** The loaded stretch of a station's tape, if a tape is in the player. */
let stretch = null;
/** Where listening stopped, as far as this tab knows: another tab may have gone on since. */
let known = 0;
/** Whether this tab has a position that is not stored yet. */
let unsaved = false;
/** Whether this browser plays the HLS playlist of a live recording. */
let native = audio.canPlayType("application/vnd.apple.mpegurl") !== "";

/** The live recording in the player, if it is one. */
const live = () => Boolean(current?.live) && Date.now() < Date.parse(current.until) + 10_000;

/** Returns how many seconds of the live recording are on tape. A hidden tab gets no events, and computes by the clock. */
function taped() {
  const untold = document.hidden ? Math.min(Date.now(), Date.parse(current.until)) - current.told : 0;
  return (Number(current.taped) || 0) + Math.max(0, untold / 1000);
}

/** What is in the player; null if it is closed. */
export const playing = () => current;
export const isPaused = () => audio.paused;
/** Returns where listening to a recording stopped, in seconds. */
export const stopped = (id) => Number(localStorage.getItem(key(id))) || 0;
/** Returns the position and the length, in seconds. */
export function position() {
  if (stretch) return secondsOfHour(instant(), current.zone);
  return audio.readyState > 0 ? from + audio.currentTime : pending;
}
/** When what plays of a tape was on the air, in milliseconds. */
export const instant = () => stretch.instant(audio.readyState > 0 ? audio.currentTime : 0);
export function duration() {
  if (stretch) return HOUR;
  if (grows) return taped();
  return Number.isFinite(audio.duration) ? from + audio.duration : Number(current?.seconds) || 0;
}

/** Plays a recording, from where listening stopped or from `at`. Pauses it if it plays already. */
export function play(data, at = null) {
  const same = current?.id === data.id;
  // It was live when it was chosen, and is finished now.
  const done = same && current.live && !data.live;
  if (same && !(done && (at !== null || audio.paused))) {
    if (at !== null) { seek(at); start(); } else toggle();
    return;
  }
  load(data, at ?? (same ? position() : stopped(data.id)));
  start();
}

/** Plays the tape of a station from the instant `data.at` on. */
export function playTape(data) {
  load(data, 0);
  start();
}

/** Begins or goes on, from where another tab has stopped meanwhile; of a live recording that has ended, with the finished file. */
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
  stretch = current.tape ? new Stretch(current.tape, Date.parse(current.at), native) : null;
  grows = live();
  from = grows ? pending : 0;
  if (stretch) audio.src = stretch.address;
  else audio.src = grows ? `${current.live}.${native ? "m3u8" : "mp3"}?from=${from.toFixed(1)}` : current.media;
}

/** Stores what is in the player, for the next visit. */
const save = () => localStorage.setItem(LAST, JSON.stringify(current));

/** Closes the player. */
export function close() {
  remember();
  audio.pause();
  audio.removeAttribute("src");
  current = null;
  grows = false;
  stretch = null;
  bar.hidden = true;
  document.body.classList.remove("plays");
  localStorage.removeItem(LAST);
  if ("mediaSession" in navigator) navigator.mediaSession.metadata = null;
  changed();
}

function unplayable(error) {
  // Another recording was chosen before this one began, or there is no sound, which another handler reports.
  if (error.name !== "AbortError" && error.name !== "NotSupportedError") failed(null);
}

export function toggle() {
  if (!current) return;
  if (audio.paused) start(); else audio.pause();
}

export function seek(seconds) {
  if (stretch) {
    goTo(instant() + (seconds - position()) * 1000, !audio.paused);
    return;
  }
  // A listener who is nearer to the end of a live recording is not moved back.
  const end = live() ? Math.max(duration() - EDGE, position()) : duration();
  const place = Math.max(0, Math.min(seconds, end));
  unsaved = true;
  // The loaded sound counts, too: the event that it is on tape may come later.
  pending = place;
  if (grows || live()) {
    const plays = !audio.paused;
    fetchSound();
    if (plays) audio.play().catch(unplayable);
  } else if (audio.readyState > 0) audio.currentTime = place;
  changed();
}

/** Loads the tape in the player from another instant on. */
function goTo(at, plays) {
  // A listener who is nearer to what is on the air now is not moved back.
  const end = Math.max(Date.now() - ((Number(current.behind) || 0) + EDGE) * 1000, instant());
  current.at = new Date(Math.min(at, end)).toISOString();
  fetchSound();
  if (plays) audio.play().catch(unplayable);
  save();
  changed();
}

const skip = (seconds) => seek(position() + seconds);

/** Stores the position, unless another tab has played since and this one has not. */
function remember() {
  if (stretch) {
    if (audio.readyState > 0) current.at = new Date(instant()).toISOString();
    save();
    return;
  }
  if (!current || !unsaved || audio.readyState === 0) return;
  unsaved = false;
  // A recording that was heard to its end begins at the start again.
  if (!live() && duration() - position() < 10) localStorage.removeItem(key(current.id));
  else if (position() > 5) localStorage.setItem(key(current.id), position().toFixed(1));
  known = stopped(current.id);
}

/** Shows the position of the player. */
function changed() {
  const [place, whole] = [position(), duration()];
  if (stretch) {
    wave.dataset.hour = hourOf(instant(), current.zone);
    bar.querySelector("[data-station]").textContent = dayOf(instant(), current.zone);
  } else delete wave.dataset.hour;
  paint(wave, place, whole);
  bar.querySelector("[data-now]").textContent = said(wave, place);
  bar.querySelector("[data-whole]").textContent = stretch ? nextHour() : clock(whole);
  document.dispatchEvent(new CustomEvent("aircheck:player"));
}

/** What the clocks show when the hour that plays is over. */
const nextHour = () => timeOfDay(instant() + (HOUR - position()) * 1000, current.zone).slice(0, 5);

function showPaused() {
  toggleButton.setAttribute("aria-label", audio.paused ? toggleButton.dataset.play : toggleButton.dataset.pause);
  toggleButton.querySelector("use").setAttribute("href", audio.paused ? "#i-play" : "#i-pause");
  changed();
}

/** Sets what the lock screen shows. */
function describe() {
  if (!("mediaSession" in navigator)) return;
  const artwork = current.artwork ? [{ src: new URL(current.artwork, location.href).href }] : [];
  navigator.mediaSession.metadata = new MediaMetadata({
    title: current.title, artist: current.station, album: current.when ?? "aircheck", artwork,
  });
}

function tellPosition() {
  if (!("mediaSession" in navigator) || stretch || !Number.isFinite(audio.duration) || audio.duration === 0) return;
  navigator.mediaSession.setPositionState({
    duration: audio.duration, playbackRate: audio.playbackRate, position: Math.min(audio.currentTime, audio.duration),
  });
}

/** Returns the recording before or after this one on the page. */
function neighbour(step) {
  const rows = [...document.querySelectorAll(".row[data-id]")];
  const at = rows.findIndex((row) => row.dataset.id === current?.id);
  const row = at < 0 ? null : rows[at + step];
  if (row) play({ ...row.dataset });
}

audio.addEventListener("loadedmetadata", () => {
  if (!grows && !stretch) audio.currentTime = pending;
  audio.playbackRate = Number(speed.value);
  changed();
  tellPosition();
});
for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, () => { remember(); showPaused(); });
audio.addEventListener("pause", () => { if (audio.paused && !audio.error) wanted = false; });
for (const event of ["seeked", "ratechange", "play"]) audio.addEventListener(event, tellPosition);
for (const event of ["timeupdate", "durationchange"]) audio.addEventListener(event, changed);
audio.addEventListener("playing", () => stretch?.learn(audio.currentTime));
// A tape goes on as long as there is more of it.
audio.addEventListener("ended", () => {
  const at = stretch && Math.max(instant(), stretch.end ?? 0);
  if (at && (stretch.end || at > stretch.start + AWAY)) goTo(at, true);
});
audio.addEventListener("error", () => {
  if (!current) return;
  if (stretch && !resumed) {
    const at = instant();
    if (at > stretch.start + AWAY) goTo(at, wanted);
    else if (stretch.skip()) {
      audio.src = stretch.address;
      if (wanted) audio.play().catch(unplayable);
    } else failed(null);
    return;
  }
  if (grows && (native || !live())) {
    // A browser may claim HLS and fail to play a format; all play MP3. Or the airing is over.
    if (live()) native = false;
    pending = position();
    fetchSound();
    if (wanted) audio.play().catch(unplayable);
  // The recording of the last visit may have been deleted since.
  } else if (resumed) close();
  else failed(null);
});
// The next person at this browser need not see what was heard.
document.addEventListener("submit", (event) => {
  if (event.target.matches(".sign-out")) close();
});
addEventListener("pagehide", remember);
// Gaps are left out, as in the finished recording: the length counts sound only.
document.addEventListener("aircheck:on-air", ({ detail }) => {
  if (!current?.live) return;
  const now = detail.find((one) => one.id === current.id);
  if (now) Object.assign(current, { taped: now.on_tape, told: Date.now() });
  // The airing may have been extended, or stopped and so be over.
  const until = now?.until ?? new Date(Math.min(Date.now(), Date.parse(current.until))).toISOString();
  if (until === current.until) return;
  current.until = until;
  save();
});
let remembered = 0;
audio.addEventListener("timeupdate", () => {
  stretch?.learn(audio.currentTime);
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
    // The lock screen does not know the hours of a tape.
    seekto: (details) => { if (!stretch) seek(details.seekTime); },
    previoustrack: () => {
      if (position() > 5) seek(0);
      else if (stretch) seek(-HOUR); else neighbour(-1);
    },
    nexttrack: () => (stretch ? seek(HOUR) : neighbour(1)),
  };
  for (const [action, handler] of Object.entries(handlers)) {
    // Not every browser supports every action.
    try { navigator.mediaSession.setActionHandler(action, handler); } catch { /* it has no such key */ }
  }
}

/** Restores what was in the player at the last visit, without playing it. */
export function resume() {
  try {
    const data = JSON.parse(localStorage.getItem(LAST));
    if (!data?.id) return;
    if (!data.live) { bring(data); return; }
    // The airing may have been extended, stopped or finished meanwhile: the first event tells.
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
