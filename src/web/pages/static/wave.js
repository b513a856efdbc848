// The waveform of a recording as a slider: shows how far it was played; a click, a drag or keys move it. Calls `onSeek`
// with the position in seconds.
import { clock } from "./time.js";

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    draw(target, target.closest("[data-picture]").dataset.picture);
  }
}, { rootMargin: "300px" });

/** Draws the waveform at an address. */
export function draw(wave, picture) {
  if (picture) wave.style.setProperty("--wave", `url("${new URL(picture, location.href)}")`);
  else wave.style.removeProperty("--wave");
  wave.classList.toggle("drawn", Boolean(picture));
}

/** Draws the waveform once it comes near the screen. */
export const drawLater = (wave) => seen.observe(wave);

/** What a position is called: the time of the day if the waveform is that of an hour of the day. */
export function said(wave, place) {
  if (!wave.dataset.hour) return clock(place);
  const [minutes, seconds] = clock(Math.min(place, 3599)).padStart(5, "0").split(":");
  return `${wave.dataset.hour}:${minutes}:${seconds}`;
}

/** Shows a position in a length, both in seconds. */
export function paint(wave, place, whole) {
  const share = whole > 0 ? Math.min(1, place / whole) : 0;
  wave.style.setProperty("--played", `${(share * 100).toFixed(2)}%`);
  wave.setAttribute("aria-valuemax", String(Math.round(whole)));
  wave.setAttribute("aria-valuenow", String(Math.round(Math.min(place, whole))));
  const words = wave.dataset.hour ? "{now}" : document.getElementById("player").dataset.of;
  wave.setAttribute("aria-valuetext", words.replace("{now}", said(wave, place)).replace("{whole}", clock(whole)));
}

const STEPS = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -60, PageUp: 60 };

/** Makes the waveforms in `root` sliders, which call `onSeek(wave, seconds)`. */
export function movable(root, onSeek) {
  const whole = (wave) => Number(wave.getAttribute("aria-valuemax"));
  const under = (wave, event) => {
    const box = wave.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * whole(wave);
  };
  root.addEventListener("click", (event) => {
    const wave = event.target.closest(".wave");
    if (wave) onSeek(wave, under(wave, event));
  });
  root.addEventListener("pointermove", (event) => {
    const wave = event.target.closest(".wave");
    if (!wave || event.pointerType !== "mouse") return;
    const place = under(wave, event);
    wave.dataset.hover = said(wave, place);
    wave.style.setProperty("--hover", `${(place / (whole(wave) || 1)) * 100}%`);
    if (event.buttons === 1 && wave.closest("#player")) onSeek(wave, place);
  });
  root.addEventListener("pointerout", (event) => {
    const wave = event.target.closest(".wave");
    if (wave) delete wave.dataset.hover;
  });
  root.addEventListener("keydown", (event) => {
    const wave = event.target.closest?.(".wave");
    if (!wave) return;
    const now = Number(wave.getAttribute("aria-valuenow"));
    const place = event.key === "Home" ? 0 : event.key === "End" ? whole(wave) : now + STEPS[event.key];
    if (!Number.isFinite(place)) return;
    event.preventDefault();
    onSeek(wave, Math.min(whole(wave), Math.max(0, place)));
  });
}
