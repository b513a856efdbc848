// A day of a station's tape as a timeline: how loud each hour was, what is missing, what was on. Plays from any instant in
// the player. The words, and what is missing, are those of the page: they are placed, not computed again.
import { go } from "./go.js";
import { refresh } from "./live.js";
import { instant, playTape, playing, toggle } from "./player.js";
import { Selection } from "./selection.js";
import { timeOfDay } from "./tape.js";

/** Levels that are asked for, for each hour. */
const POINTS = 150;
/** The width of a bar with the space beside it, in CSS pixels. */
const BAR = 3;
/** The narrowest block that can be pressed, in CSS pixels. */
const NARROWEST = 24;
/** How often a day that is not over is looked at again, in milliseconds. */
const AGAIN = 60_000;
/** How soon levels are asked for again that are still to come, in milliseconds, and how often. */
const SOON = 2_000;
const LOOKS = 10;
/** How long before the newest sound of a station one begins to listen to it now, in milliseconds. */
const EDGE = 4_000;
/** How long before a hole one begins to listen, in milliseconds, so that one hears the sound break off. */
const BEFORE = 3_000;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS = {
  ArrowLeft: -10 * SECOND, ArrowRight: 10 * SECOND, PageDown: -MINUTE, PageUp: MINUTE, ArrowUp: -HOUR, ArrowDown: HOUR,
};
const SMALL = { ...STEPS, ArrowLeft: -SECOND, ArrowRight: SECOND };

/** The timeline on the page; null if there is none. */
let root = null;
/** Its hours: element, strip, start and end in milliseconds. */
let hours = [];
/** The levels of the day, and between which instants; null if they are not known. */
let levels = null;
/** The instant that the keyboard has reached. */
let cursor = null;
/** The lists that a person has opened, by their ids: lists are replaced when they change. */
const opened = new Set();
/** Whether the page of today was asked for to listen. */
let wanted = false;

/** The time by the clock of the service. */
const now = () => Date.now() + Number(root.dataset.skew);
const behind = () => Number(document.querySelector(".day-summary")?.dataset.behind) || 0;
/** The newest instant from which one may listen. */
const edge = () => now() - behind() * SECOND - EDGE;
const from = () => Date.parse(root.dataset.start);
const until = () => Date.parse(root.dataset.end);
const isToday = () => now() >= from() && now() < until();
const id = () => `tape:${root.dataset.station}`;
const hourAt = (at) => hours.find(({ start, end }) => at >= start && at < end);
/** How far into an hour an instant is, from 0 to 1. */
const share = (hour, at) => Math.min(1, Math.max(0, (at - hour.start) / (hour.end - hour.start)));

const selection = new Selection({
  rows: () => (root ? hours.filter(({ strip }) => !strip.hidden).map(({ track, start, end }) => ({ element: track, start, end })) : []),
  bounds: () => [from(), Math.min(until(), Math.max(from(), edge()))],
  said: (at) => timeOfDay(at, root.dataset.zone),
});

/** Prepares the timeline of the page, and places what is new in it. */
export function timeline() {
  const found = document.querySelector(".timeline");
  const isNew = found !== root;
  root = found;
  if (!root) {
    wanted = false;
    return;
  }
  if (isNew) begin();
  for (const list of opened) document.getElementById(list)?.setAttribute("open", "");
  for (const hour of hours) place(hour);
  const there = hours.filter(({ strip }) => !strip.hidden);
  // One of them is reached by the Tab key, from there the others by arrows.
  if (!there.some(({ strip }) => strip.tabIndex === 0)) reach(isToday() ? there.at(-1) : there[0]);
  paint();
  mark();
  selection.draw();
  if (isNew) look();
}

function begin() {
  root.dataset.skew ??= String(Date.parse(root.dataset.now) - Date.now());
  root.classList.add("laid");
  hours = [...root.querySelectorAll(".hour")].map((element) => ({
    element, track: element.querySelector(".track"), strip: element.querySelector(".strip"), start: Date.parse(element.dataset.start), end: Date.parse(element.dataset.end),
  }));
  [levels, cursor] = [null, null];
  const { startSaid, endSaid } = document.querySelector(".selection").dataset;
  selection.name(startSaid, endSaid);
  selection.clear();
  size.disconnect();
  size.observe(root);
  if (wanted && isToday()) hear(edge());
  wanted = false;
}

/** Asks for the levels of the day, and so often again if more of them are still to come. */
async function look(left = LOOKS) {
  const asked = root;
  const query = new URLSearchParams({ start: root.dataset.start, end: root.dataset.end, points: hours.length * POINTS });
  try {
    const response = await fetch(`${root.dataset.tape}/levels?${query}`);
    if (!response.ok || asked !== root) return;
    const { start, end, peaks, known, coming } = await response.json();
    if (coming && left > 0) setTimeout(() => { if (asked === root) look(left - 1); }, SOON);
    levels = { start: Date.parse(start), end: Date.parse(end), known, peaks: Uint8Array.from(atob(peaks), (c) => c.charCodeAt(0)) };
    paint();
  } catch { /* The service does not answer; the day can be listened to all the same, once it does. */ }
}

/** Places the blocks and marks of an hour. */
function place(hour) {
  const [above, below] = [hour.element.querySelector(".above"), hour.element.querySelector(".below")];
  hour.strip.hidden = above.dataset.state !== "taped";
  const length = hour.end - hour.start;
  const put = (element, at, long) => {
    element.style.setProperty("--from", `${(100 * at) / length}%`);
    element.style.setProperty("--length", `${(100 * long) / length}%`);
  };
  const narrowest = (NARROWEST / (hour.strip.parentElement.clientWidth || 1)) * length;
  const ends = [];
  for (const block of above.querySelectorAll(".block")) {
    const [at, long] = [Number(block.dataset.from), Number(block.dataset.length)];
    const free = ends.findIndex((end) => end <= at);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = at + Math.max(long, narrowest);
    put(block, at, long);
    block.style.setProperty("--lane", String(lane));
  }
  above.querySelector(".blocks")?.style.setProperty("--lanes", String(ends.length));
  const marks = [...below.querySelectorAll(".ledger li")].map((line) => {
    const mark = document.createElement("span");
    mark.className = `mark ${line.classList.contains("gap") ? "gap" : "dead"}`;
    const words = line.querySelector(":scope > span").cloneNode(true);
    words.querySelector(".words")?.remove();
    mark.title = words.textContent.trim();
    put(mark, Number(line.dataset.from), Number(line.dataset.length));
    return mark;
  });
  for (const line of below.querySelectorAll(".kept li")) {
    const mark = document.createElement("span");
    mark.className = "mark held";
    mark.title = line.textContent.trim();
    put(mark, Number(line.dataset.from), Number(line.dataset.length));
    marks.push(mark);
  }
  for (const old of hour.strip.querySelectorAll(".mark")) old.remove();
  hour.strip.append(...marks);
}

const size = new ResizeObserver(() => paint());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint());

/** Draws the levels of all hours. */
function paint() {
  if (!root) return;
  const highest = levels ? Math.max(1, ...levels.peaks) : 1;
  for (const hour of hours) if (!hour.strip.hidden) draw(hour, highest);
}

function draw(hour, highest) {
  const canvas = hour.strip.querySelector("canvas");
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (width === 0) return;
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  const pen = canvas.getContext("2d");
  pen.scale(devicePixelRatio, devicePixelRatio);
  pen.fillStyle = getComputedStyle(hour.strip).color;
  const bars = Math.floor(width / BAR);
  const end = Math.min(hour.end, now());
  for (let bar = 0; bar < bars; bar += 1) {
    const [at, next] = [bar, bar + 1].map((one) => hour.start + ((hour.end - hour.start) * one) / bars);
    if (at >= end) break;
    // Broadcast sound is so compressed that its peaks look like a brick; the square shows speech, music and pauses.
    const high = Math.max(2, (mean(at, next) / highest) ** 2 * height);
    pen.fillRect(bar * BAR, (height - high) / 2, BAR - 1, high);
  }
}

/** Returns the mean of the levels between two instants; 0 if they are not known. */
function mean(at, next) {
  if (!levels) return 0;
  const { start, end, peaks, known } = levels;
  const part = (instant) => (instant - start) / (end - start);
  const middle = part((at + next) / 2);
  if (!known.some(([from, to]) => middle >= from && middle < to)) return 0;
  const first = Math.max(0, Math.floor(part(at) * peaks.length));
  const some = peaks.subarray(first, Math.max(first + 1, Math.floor(part(next) * peaks.length)));
  return some.length > 0 ? some.reduce((sum, level) => sum + level, 0) / some.length : 0;
}

/** Shows at which instant the player is. */
function mark() {
  const at = root && playing()?.id === id() ? instant() : null;
  const hour = at === null ? null : hourAt(at);
  for (const other of hours) other.element.classList.toggle("current", other === hour);
  line("head", hour, at);
}

/** Puts a line into an hour, or takes it away. */
function line(name, hour, at) {
  let it = root?.querySelector(`.${name}`);
  if (!hour) { it?.remove(); return; }
  if (!it) {
    it = document.createElement("span");
    it.className = name;
  }
  if (it.parentElement !== hour.strip) hour.strip.append(it);
  it.style.setProperty("--from", `${(100 * share(hour, at)).toFixed(3)}%`);
}

const say = (text) => { document.getElementById("announcer").textContent = text; };

/** Plays from an instant on. */
function hear(at) {
  const start = Math.min(at, edge());
  const { name, tape, page, artwork, zone, plays, skew } = root.dataset;
  playTape({
    id: id(), title: name, station: "", tape, page, artwork, zone,
    at: new Date(start).toISOString(), behind: behind() - Number(skew) / SECOND,
  });
  say(plays.replace("{at}", timeOfDay(start, zone)));
}

/** Moves the instant of the keyboard. */
function move(at) {
  const newest = Math.min(edge(), until() - SECOND);
  const place = Math.min(newest, Math.max(from(), at));
  const hour = hourAt(place);
  // A stretch that is not on tape is passed over.
  const there = hour?.strip.hidden ? beside(hour, at < (cursor ?? at) ? -1 : 1) : hour;
  if (!there) return;
  cursor = there === hour ? place : there.start;
  tell(there);
  there.strip.focus({ preventScroll: true });
  there.strip.scrollIntoView({ block: "nearest" });
}

function beside(hour, step) {
  for (let at = hours.indexOf(hour) + step; hours[at]; at += step) if (!hours[at].strip.hidden) return hours[at];
  return null;
}

/** Selects what the keyboard has passed since it was at `before`. */
function extend(before) {
  const { start, end } = selection;
  // At one of its ends, what is selected goes on from the other.
  const other = before === start ? end : before === end ? start : before;
  if (other === cursor) selection.clear(); else selection.select(other, cursor);
}

/** Has the Tab key lead to an hour. */
function reach(hour) {
  for (const other of hours) other.strip.tabIndex = other === hour ? 0 : -1;
}

/** Says to screen readers and shows where the keyboard is. */
function tell(hour) {
  reach(hour);
  hour.strip.setAttribute("aria-valuenow", String(Math.round((cursor - hour.start) / SECOND)));
  hour.strip.setAttribute("aria-valuetext", timeOfDay(cursor, root.dataset.zone));
  line("cursor", hour, cursor);
}

const hourOf = (event) => {
  const strip = root && event.target.closest?.(".timeline .strip");
  return strip ? hours.find((hour) => hour.strip === strip) : null;
};
const under = (hour, event) => {
  const box = hour.strip.getBoundingClientRect();
  return hour.start + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * (hour.end - hour.start);
};

// Before others see the click: a link that plays is not followed.
document.addEventListener("click", (event) => {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (event.target.closest("a[data-now]")) {
    wanted = !(root && isToday());
    if (wanted) return;
    event.preventDefault();
    hear(edge());
    hourAt(edge())?.element.scrollIntoView({ block: "center" });
    return;
  }
  if (!root) return;
  if (event.target.closest(".selection [data-hear]")) hear(selection.start);
  const place = event.target.closest(".timeline :is([data-at], [data-before])");
  const hour = hourOf(event);
  if (place) {
    event.preventDefault();
    hear(place.dataset.at ? Date.parse(place.dataset.at) : Math.max(from(), Date.parse(place.dataset.before) - BEFORE));
  } else if (hour) {
    cursor = under(hour, event);
    tell(hour);
    hear(cursor);
  }
}, true);

document.addEventListener("keydown", (event) => {
  const hour = hourOf(event);
  if (!hour || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = cursor ?? hour.start;
  const step = (event.shiftKey ? SMALL : STEPS)[event.key];
  if (step) {
    move(at + step);
    if (event.shiftKey) extend(at);
  } else if (event.key === "Escape") selection.clear();
  else if (event.key === "Home") move(hour.start);
  else if (event.key === "End") move(hour.end - SECOND);
  else if (event.key === "Enter") hear(at);
  else if (event.key === " ") { if (playing()?.id === id()) toggle(); else hear(at); }
  else return;
  event.preventDefault();
});

document.addEventListener("focusin", (event) => {
  const hour = hourOf(event);
  if (!hour) return;
  const plays = playing()?.id === id() ? instant() : null;
  if (cursor === null || hourAt(cursor) !== hour) cursor = hourAt(plays) === hour ? plays : hour.start;
  tell(hour);
});
document.addEventListener("focusout", (event) => { if (hourOf(event)) line("cursor", null); });

document.addEventListener("pointermove", (event) => {
  const hour = hourOf(event);
  if (!hour || event.pointerType !== "mouse") return;
  const at = under(hour, event);
  hour.strip.dataset.hover = timeOfDay(at, root.dataset.zone);
  hour.strip.style.setProperty("--hover", `${100 * share(hour, at)}%`);
});
document.addEventListener("pointerout", (event) => { delete hourOf(event)?.strip.dataset.hover; });

document.addEventListener("toggle", ({ target }) => {
  if (!target.closest?.(".timeline") || !target.id) return;
  if (target.open) opened.add(target.id); else opened.delete(target.id);
}, true);

document.addEventListener("aircheck:player", mark);
document.addEventListener("aircheck:select", ({ detail: { start, end } }) => {
  if (root && start >= from() && end <= until()) selection.select(start, end);
});

setInterval(async () => {
  if (!root?.isConnected || document.hidden) return;
  if (isToday()) {
    await refresh();
    if (root) await look();
  } else if (now() >= until() && now() < until() + 2 * AGAIN && !new URLSearchParams(location.search).has("day")) {
    // The page of today is now that of yesterday.
    go(location.href);
  }
}, AGAIN);
