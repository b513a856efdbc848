// The sound of a source of clips, for the editor: samples to be drawn and heard, levels to be drawn from afar.
//
// A source is a station's tape or a recording. Its positions are milliseconds: since 1970 of a tape, from the beginning of
// a recording.
import { clock } from "./time.js";
import { dayOf, timeOfDay } from "./tape.js";

/** Samples per second: few to look at, all to look closely and to hear. */
const FEW = 8_000;
const ALL = 48_000;
/** How long a block of samples is that is asked for at once, in milliseconds. */
const BLOCK = { [FEW]: 10_000, [ALL]: 2_000 };
/** A view that is shorter than this, in milliseconds, shows samples; a shorter one all of them. */
export const NEAR = 30_000;
const CLOSE = 3_000;
/** The most blocks that are kept. */
const KEPT = 60;
/** How long the sound fades where pieces meet, in seconds. */
const FADE = 0.005;

const thousandths = (at) => String(Math.floor(((at % 1000) + 1000) % 1000)).padStart(3, "0");

/** What is common to both. */
class Source {
  #blocks = new Map();
  /** Whether the levels that were asked for last were not all known yet. */
  coming = false;

  /** Returns what is drawn of a view in so many columns, as [lowest, highest] from −1 to 1; null where nothing is known. */
  async columns(start, end, count) {
    if (end - start > NEAR) return this.levels(start, end, count);
    this.coming = false;
    const rate = end - start > CLOSE ? FEW : ALL;
    const samples = await this.samples(start, end, rate);
    const columns = [];
    for (let column = 0; column < count; column++) {
      const [from, to] = [column, column + 1].map((at) => Math.floor((samples.length * at) / count));
      if (samples.length === 0) { columns.push(null); continue; }
      let [low, high] = [1, -1];
      for (let at = from; at < Math.max(to, from + 1); at++) {
        low = Math.min(low, samples[at]);
        high = Math.max(high, samples[at]);
      }
      columns.push([low, high]);
    }
    return columns;
  }

  /** Returns the samples of a stretch, from −1 to 1. What is missing is silence. */
  async samples(start, end, rate = ALL) {
    const length = BLOCK[rate];
    const result = new Float32Array(Math.max(0, Math.round(((end - start) * rate) / 1000)));
    for (let block = Math.floor(start / length); block * length < end; block++) {
      const samples = await this.#block(block, rate);
      const offset = Math.round(((block * length - start) * rate) / 1000);
      const [from, to] = [Math.max(0, -offset), Math.min(samples.length, result.length - offset)];
      if (to > from) result.set(samples.subarray(from, to), offset + from);
    }
    return result;
  }

  #block(number, rate) {
    const key = `${rate} ${number}`;
    let block = this.#blocks.get(key);
    if (!block) {
      const start = number * BLOCK[rate];
      block = wave(this.address(start, start + BLOCK[rate], rate)).catch((error) => { this.#blocks.delete(key); throw error; });
      this.#blocks.set(key, block);
      if (this.#blocks.size > KEPT) this.#blocks.delete(this.#blocks.keys().next().value);
    }
    return block;
  }
}

/** Reads a WAV file of one channel of 16 bits. */
async function wave(address) {
  const response = await fetch(address);
  // Nothing of it is there.
  if (response.status === 404) return new Float32Array();
  if (!response.ok) throw new Error("");
  const bytes = new DataView(await response.arrayBuffer());
  const samples = new Float32Array(Math.max(0, Math.floor((bytes.byteLength - 44) / 2)));
  for (let at = 0; at < samples.length; at++) samples[at] = bytes.getInt16(44 + 2 * at, true) / 32_768;
  return samples;
}

/** The tape of a station. */
export class Tape extends Source {
  constructor({ station, name, zone }, live) {
    super();
    Object.assign(this, { station, name, zone, base: `${live}/${encodeURIComponent(station)}` });
  }

  get bounds() { return [0, Date.now()]; }

  address(start, end, rate) {
    const [from, to] = [start, end].map((at) => new Date(at).toISOString());
    return `${this.base}/samples.wav?${new URLSearchParams({ start: from, end: to, rate })}`;
  }

  async levels(start, end, count) {
    const points = Math.min(4000, Math.max(10, count));
    const [from, to] = [start, end].map((at) => new Date(at).toISOString());
    const response = await fetch(`${this.base}/levels?${new URLSearchParams({ start: from, end: to, points })}`);
    if (!response.ok) return Array(count).fill(null);
    const { peaks, known, coming } = await response.json();
    this.coming = coming;
    const levels = Uint8Array.from(atob(peaks), (c) => c.charCodeAt(0));
    return Array.from({ length: count }, (_, column) => {
      const share = (column + 0.5) / count;
      if (!known.some(([first, last]) => share >= first && share < last)) return null;
      const level = levels[Math.floor(share * levels.length)] / 255;
      return [-level, level];
    });
  }

  say(at, exact) { return timeOfDay(at, this.zone) + (exact ? `.${thousandths(at)}` : ""); }

  day(at) { return dayOf(at, this.zone); }

  piece(start, end) {
    const [from, to] = [start, end].map((at) => new Date(at).toISOString());
    return { station: this.station, from, to };
  }
}

/** A recording. */
export class Recording extends Source {
  #peaks = null;

  constructor({ recording, title, length }, media) {
    super();
    Object.assign(this, { recording, name: title, length: length * 1000, media });
  }

  get bounds() { return [0, this.length]; }

  address(start, end, rate) {
    const [from, to] = [start, Math.min(end, this.length)].map((at) => (at / 1000).toFixed(3));
    return `${this.media}/${encodeURIComponent(this.recording)}/samples.wav?${new URLSearchParams({ from, to, rate })}`;
  }

  async levels(start, end, count) {
    this.#peaks ??= fetch(`${document.body.dataset.api}/recordings/${encodeURIComponent(this.recording)}/peaks`)
      .then((response) => (response.ok ? response.json() : null));
    const peaks = await this.#peaks;
    if (!peaks) return Array(count).fill(null);
    const at = (column) => Math.floor(((start + ((end - start) * column) / count) / 1000) * peaks.per_second);
    return Array.from({ length: count }, (_, column) => {
      const [from, to] = [at(column), Math.max(at(column + 1), at(column) + 1)];
      const levels = peaks.levels.slice(Math.max(0, from), to);
      if (levels.length === 0) return null;
      const level = Math.max(...levels) / 255;
      return [-level, level];
    });
  }

  say(at, exact) { return clock(at / 1000) + (exact ? `.${thousandths(at)}` : ""); }

  piece(start, end) { return { recording: this.recording, from: start / 1000, to: end / 1000 }; }
}

let context = null;
let heard = null;

/** Plays stretches of samples one after another, with the fades of a clip. `onEnd` is called at the end. */
export function hear(stretches, onEnd = () => {}) {
  stop();
  context ??= new AudioContext({ sampleRate: ALL });
  const length = stretches.reduce((sum, samples) => sum + samples.length, 0);
  if (length === 0) { onEnd(); return; }
  const buffer = context.createBuffer(1, length, ALL);
  const channel = buffer.getChannelData(0);
  const fade = Math.round(FADE * ALL);
  let at = 0;
  for (const samples of stretches) {
    channel.set(samples, at);
    for (let step = 0; step < Math.min(fade, samples.length); step++) {
      channel[at + step] *= step / fade;
      channel[at + samples.length - 1 - step] *= step / fade;
    }
    at += samples.length;
  }
  heard = context.createBufferSource();
  heard.buffer = buffer;
  heard.connect(context.destination);
  heard.addEventListener("ended", onEnd);
  context.resume();
  heard.start();
}

/** Stops what is heard. */
export function stop() {
  try { heard?.stop(); } catch { /* It has not begun. */ }
  heard = null;
}
