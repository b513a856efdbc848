// The player of a shared recording, in place of the browser's own. It keeps nothing in the browser.
import { clock } from "./time.js";
import { draw, movable, paint } from "./wave.js";

const place = document.getElementById("player");
const audio = place.querySelector("audio");
const wave = place.querySelector(".wave");
const toggle = place.querySelector("[data-toggle]");
const speed = place.querySelector("[data-speed]");
/** Where to begin once the sound is loaded, in seconds. */
let pending = 0;

const whole = () => (Number.isFinite(audio.duration) ? audio.duration : Number(place.dataset.seconds));
const now = () => (audio.readyState > 0 ? audio.currentTime : pending);

function show() {
  paint(wave, now(), whole());
  place.querySelector("[data-now]").textContent = clock(now());
  place.querySelector("[data-whole]").textContent = clock(whole());
  toggle.setAttribute("aria-label", audio.paused ? toggle.dataset.play : toggle.dataset.pause);
  toggle.querySelector("use").setAttribute("href", audio.paused ? "#i-play" : "#i-pause");
}

function seek(seconds) {
  const to = Math.min(whole(), Math.max(0, seconds));
  if (audio.readyState > 0) audio.currentTime = to; else pending = to;
  show();
}

const trouble = (is) => { place.querySelector("[data-trouble]").hidden = !is; };

function play() {
  // After an error, such as a broken connection, the sound is asked for again.
  if (audio.error) {
    pending = now();
    audio.load();
  }
  trouble(false);
  // Pausing before it plays is no trouble, and another handler reports that there is no sound.
  audio.play().catch(() => {});
}

audio.addEventListener("loadedmetadata", () => {
  if (pending > 0) audio.currentTime = pending;
  audio.playbackRate = Number(speed.value);
});
for (const event of ["loadedmetadata", "timeupdate", "durationchange", "play", "pause", "ended", "seeked"]) {
  audio.addEventListener(event, show);
}
audio.addEventListener("error", () => trouble(true));
toggle.addEventListener("click", () => { if (audio.paused) play(); else audio.pause(); });
speed.addEventListener("change", () => { audio.playbackRate = Number(speed.value); });
for (const button of place.querySelectorAll("[data-skip]")) {
  button.addEventListener("click", () => seek(now() + Number(button.dataset.skip)));
}
for (const button of place.querySelectorAll("[data-seek]")) {
  // A little before the gap, so that one hears the sound break off.
  button.addEventListener("click", () => { seek(Math.max(0, Number(button.dataset.seek) - 3)); play(); });
}
movable(place, (_, seconds) => seek(seconds));

if ("mediaSession" in navigator) {
  navigator.mediaSession.metadata = new MediaMetadata({
    title: place.dataset.title, artist: place.dataset.station, album: place.dataset.when,
    artwork: [{ src: new URL(place.dataset.artwork, location.href).href }],
  });
}

draw(wave, place.dataset.picture);
wave.tabIndex = 0;
audio.controls = false;
for (const part of place.querySelectorAll(".only-scripts")) part.hidden = false;
show();
