// A stretch of a station's tape in the player: which address plays it, and when what is heard was on the air.

/** A stretch in the past is so long, in milliseconds. What follows is another: a playlist of a day would be large. */
const LENGTH = 3 * 3_600_000;
/** Within this time of now the tape still grows, in milliseconds. */
const FRESH = 120_000;
/** The pause before a growing playlist is read again, in milliseconds. */
const AGAIN = 20_000;

const formats = new Map();

function parts(instant, zone) {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
    formats.set(zone, format);
  }
  return Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
}

/** What the clocks of a zone show: 14:03:12. */
export function timeOfDay(instant, zone) {
  const { hour, minute, second } = parts(instant, zone);
  return `${hour}:${minute}:${second}`;
}

/** The hour that the clocks of a zone show: 14. */
export const hourOf = (instant, zone) => parts(instant, zone).hour;

/** The day by the clocks of a zone, in the language of the page: Fri, 20 Nov. */
export function dayOf(instant, zone) {
  const { lang } = document.documentElement;
  let format = formats.get(`${lang} ${zone}`);
  if (!format) {
    format = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, {
      timeZone: zone, weekday: "short", day: "numeric", month: "short",
    });
    formats.set(`${lang} ${zone}`, format);
  }
  return format.format(instant);
}

/** How many seconds of its hour have passed, by the clocks of a zone. */
export function secondsOfHour(instant, zone) {
  const { minute, second } = parts(instant, zone);
  return Number(minute) * 60 + Number(second) + (instant % 1000) / 1000;
}

/** Returns where in a playlist the times of the air are told, as [seconds, instant], and how long it is in seconds. */
export function spots(playlist) {
  const found = [];
  let length = 0;
  for (const line of playlist.split("\n")) {
    if (line.startsWith("#EXTINF:")) length += Number.parseFloat(line.slice(8)) || 0;
    const told = line.startsWith("#EXT-X-PROGRAM-DATE-TIME:") ? Date.parse(line.slice(25)) : NaN;
    if (!Number.isNaN(told)) found.push([length, told]);
  }
  return { found, length };
}

/** The sound of a tape from an instant on. */
export class Stretch {
  /** @param hls whether the browser plays the playlist; all play MP3. */
  constructor(tape, start, hls) {
    this.tape = tape;
    this.start = start;
    this.end = start + LENGTH < Date.now() - FRESH ? start + LENGTH : null;
    // If nothing of it is on tape, what comes next is played.
    const ends = this.end ? [this.end, null] : [null];
    this.ways = [...(hls ? ends.map((end) => ["playlist.m3u8", end]) : []), ...ends.map((end) => ["sound.mp3", end])];
    this.spots = null;
    this.length = 0;
    this.asked = 0;
  }

  get isPlaylist() { return this.ways[0][0] === "playlist.m3u8"; }

  get address() { return this.#address(...this.ways[0]); }

  #address(file, end) {
    const query = new URLSearchParams({ start: new Date(this.start).toISOString() });
    if (end) query.set("end", new Date(end).toISOString());
    return `${this.tape}/${file}?${query}`;
  }

  /** Goes to the next address, after one that does not play. Returns false if this was the last. */
  skip() {
    if (this.ways.length === 1) return false;
    this.ways.shift();
    [, this.end] = this.ways[0];
    return true;
  }

  /** When what plays at `seconds` was on the air, in milliseconds: holes are left out of the sound. */
  instant(seconds) {
    const first = this.spots?.[0]?.[1] ?? this.start;
    // An MP3 begins at the instant, a playlist with the segment in which that is.
    const at = seconds + (this.isPlaylist ? 0 : Math.max(0, this.start - first) / 1000);
    const [from, told] = this.spots?.findLast(([from]) => from <= at + 0.01) ?? [0, first];
    return told + (at - from) * 1000;
  }

  /** Reads in the playlist when its sound was on the air, unless that is known up to `seconds`. */
  async learn(seconds) {
    if (this.spots && (this.end || seconds < this.length - 1)) return;
    if (Date.now() - this.asked < AGAIN) return;
    this.asked = Date.now();
    const response = await fetch(this.#address("playlist.m3u8", this.end)).catch(() => null);
    if (!response?.ok) return;
    const { found, length } = spots(await response.text());
    if (found.length > 0) this.spots = found;
    this.length = length;
  }
}
