// The editor of clips: pieces in order, covers over them, and what would come of it. Nothing is changed until it is saved.
import { api } from "./api.js";
import { Recording, Tape, hear, stop } from "./clip-sound.js";
import { Piece } from "./clip-piece.js";
import { go } from "./go.js";
import { clock } from "./time.js";
import { failed } from "./toast.js";
import { instantOf, localTime } from "./zone.js";

/** How much is heard before and after a joint, in milliseconds. */
const AROUND = 3_000;
/** How long a piece is that is added, in milliseconds. */
const ADDED = 60_000;
/** How long a cover is that is added, in milliseconds. */
const COVER = 1_000;
/** The pause before it is asked what would come of the clip, in milliseconds. */
const PAUSE = 400;
/** The longest clip that is heard here as a whole, in milliseconds: its samples are in memory. */
const LONGEST = 5 * 60_000;

/** The editor on the page; null if there is none. */
let form = null;
let pieces = [];
/** Covers: in which piece, from where to where in its source, and with what. */
let covers = [];
let asked = 0;
let later = 0;

/** Prepares the editor of the page. */
export function clipEditor() {
  const found = document.getElementById("clip-editor");
  if (found === form) return;
  stop();
  form = found;
  if (!form) return;
  [pieces, covers] = [[], []];
  form.querySelector(".plain").remove();
  const source = JSON.parse(form.dataset.source);
  add(sourceOf(source), source.from, source.to);
  form.querySelector("[data-begins]").value = source.station ? localTime(source.from, source.zone) : "";
  if (source.station) form.querySelector("[data-station]").value = source.station;
  form.addEventListener("click", pressed);
  form.addEventListener("change", written);
  form.addEventListener("submit", save);
}

const sourceOf = (given) => (given.station ? new Tape(given, form.dataset.live) : new Recording(given, form.dataset.media));

function add(source, start, end) {
  const words = { start: form.dataset.startSaid, end: form.dataset.endSaid };
  const piece = new Piece(source, start, end, words, changed);
  pieces.push(piece);
  form.querySelector(".pieces").append(piece.element);
  piece.whole();
  changed();
}

/** Shows what follows from the pieces, and asks what would come of them. */
function changed() {
  covers = covers.filter(({ piece, to, from }) => pieces.includes(piece) && from < piece.end && to > piece.start);
  pieces.forEach((piece, number) => {
    const { element } = piece;
    element.querySelector(".meta").textContent = [piece.source.day?.(piece.start), clock(piece.length / 1000)].filter(Boolean).join(" · ");
    element.querySelector("[data-up]").disabled = number === 0;
    element.querySelector("[data-down]").disabled = number === pieces.length - 1;
    element.querySelector("[data-remove]").disabled = pieces.length === 1;
    element.querySelector("[data-hear=joint]").hidden = number === 0;
    piece.covers.all = covers.filter((cover) => cover.piece === piece);
    piece.covers.draw();
  });
  showCovers();
  clearTimeout(later);
  later = setTimeout(ask, PAUSE);
}

/** Where a piece begins in the clip, in milliseconds. */
const begins = (piece) => pieces.slice(0, pieces.indexOf(piece)).reduce((sum, one) => sum + one.length, 0);

/** Returns the clip as the interface takes it. */
function clip() {
  const place = ({ piece, from, to }) => {
    const at = begins(piece);
    return [Math.max(from, piece.start), Math.min(to, piece.end)].map((edge) => (at + edge - piece.start) / 1000);
  };
  const of = (kind) => covers.filter((cover) => cover.kind === kind).map(place);
  const title = form.elements.title.value.trim();
  return {
    ...(title ? { title } : {}),
    pieces: pieces.map((piece) => piece.source.piece(piece.start, piece.end)),
    bleep: of("bleep"),
    mute: of("mute"),
    encoding: form.elements.encoding.value,
  };
}

/** Asks what would come of the clip, and shows it. */
async function ask() {
  const [turn, of] = [++asked, form];
  const told = of?.querySelector(".told");
  if (!told) return;
  try {
    const answer = await api("/clips", "POST", { ...clip(), dry_run: true });
    if (turn !== asked || of !== form) return;
    const whole = pieces.reduce((sum, piece) => sum + piece.length, 0) / 1000;
    const missing = answer.pieces.reduce((sum, piece) => sum + piece.missing.reduce((all, one) => all + one.seconds, 0), 0);
    const toCome = answer.pieces.reduce((sum, piece) => sum + piece.to_come, 0);
    told.textContent = [
      clock(whole),
      missing > 0 ? `${of.dataset.missing} ${clock(Math.max(1, missing))}` : of.dataset.complete,
      ...(toCome > 0 ? [of.dataset.toCome.replace("{length}", clock(toCome))] : []),
    ].join(" · ");
    told.classList.toggle("lost", missing > 0);
    answer.pieces.forEach((piece, number) => {
      const lost = pieces[number].element.querySelector(".lost");
      lost.hidden = piece.missing.length === 0;
      lost.textContent = piece.missing.slice(0, 3).map(({ at, cause }) => `${clock(at)}: ${cause}`).join(" · ");
      pieces[number].missing = piece.missing.map(({ at, seconds }) => {
        const from = pieces[number].start + at * 1000;
        return [from, from + seconds * 1000];
      });
      pieces[number].show();
    });
  } catch (error) {
    if (turn !== asked || of !== form) return;
    told.textContent = error.message || document.getElementById("toasts").dataset.failed;
    told.classList.add("lost");
  }
}

function pressed(event) {
  const button = event.target.closest("button");
  const element = event.target.closest(".piece");
  const piece = pieces.find((one) => one.element === element);
  if (!button) return;
  if (button.matches("[data-hear-all]")) hearAll();
  else if (button.matches("[data-add-tape]")) addTape();
  else if (button.matches("[data-add-same]")) addSame();
  else if (button.closest(".covers") && button.matches("[data-remove]")) {
    covers.splice([...button.closest("ol").children].indexOf(button.closest("li")), 1);
    changed();
  } else if (!piece) return;
  else if (button.matches("[data-up]")) order(piece, -1);
  else if (button.matches("[data-down]")) order(piece, 1);
  else if (button.matches("[data-remove]")) {
    pieces.splice(pieces.indexOf(piece), 1);
    element.remove();
    changed();
  } else if (button.matches("[data-hear]")) listen(piece, button.dataset.hear);
  else if (button.matches("[data-cover]")) cover(piece, button.dataset.cover);
}

function order(piece, step) {
  const at = pieces.indexOf(piece);
  const other = pieces[at + step];
  [pieces[at], pieces[at + step]] = [other, piece];
  if (step < 0) other.element.before(piece.element); else other.element.after(piece.element);
  piece.element.querySelector(step < 0 ? "[data-up]" : "[data-down]").focus();
  changed();
}

function addTape() {
  const select = form.querySelector("[data-station]");
  const { zone } = select.selectedOptions[0]?.dataset ?? {};
  const start = instantOf(form.querySelector("[data-begins]").value, zone);
  if (Number.isNaN(start)) { form.querySelector("[data-begins]").focus(); return; }
  const name = select.selectedOptions[0].textContent;
  add(new Tape({ station: select.value, name, zone }, form.dataset.live), start, start + ADDED);
}

/** Adds what follows the last piece in its source. */
function addSame() {
  const last = pieces.at(-1);
  const most = last.source.bounds[1];
  const start = Math.min(last.end + ADDED, Math.max(last.source.bounds[0], most - ADDED));
  add(last.source, start, Math.min(most, start + ADDED));
}

/** Covers what is at the cursor. */
function cover(piece, kind) {
  const from = Math.min(Math.max(piece.cursor, piece.start), piece.end - 1);
  covers.push({ piece, kind, from, to: Math.min(from + COVER, piece.end) });
  changed();
  form.querySelector(".covers li:last-child input").focus();
}

function showCovers() {
  const list = form.querySelector(".covers ol");
  form.querySelector(".covers").hidden = covers.length === 0;
  while (list.children.length > covers.length) list.lastElementChild.remove();
  while (list.children.length < covers.length) {
    list.append(document.getElementById("clip-cover").content.firstElementChild.cloneNode(true));
  }
  covers.forEach(({ piece, kind, from, to }, number) => {
    const row = list.children[number];
    row.querySelector(".kind").textContent = pieces[0].element.querySelector(`[data-cover=${kind}]`).textContent;
    for (const input of row.querySelectorAll("input")) {
      if (input !== document.activeElement) input.value = piece.source.say(input.dataset.edge === "from" ? from : to, true);
    }
  });
}

/** Returns the position that was written, near another; NaN if it is none. */
function position(text, source, near) {
  const parts = text.trim().match(/^(?:(?:(\d+):)?(\d+):)?(\d+)(?:\.(\d{1,3}))?$/);
  if (!parts) return NaN;
  const [hours, minutes, seconds] = parts.slice(1, 4).map((part) => Number(part ?? 0));
  const thousandths = Number((parts[4] ?? "0").padEnd(3, "0"));
  const at = ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths;
  if (!source.zone) return at;
  // By the clock of the station, on the day that is nearest.
  const day = (offset) => localTime(near + offset, source.zone).slice(0, 10);
  const time = new Date(at).toISOString().slice(11, 19);
  const found = [0, -86_400_000, 86_400_000].map((offset) => instantOf(`${day(offset)}T${time}`, source.zone) + thousandths);
  return found.sort((one, other) => Math.abs(one - near) - Math.abs(other - near))[0];
}

function written(event) {
  const { target } = event;
  const { edge } = target.dataset;
  if (!edge) return;
  const element = target.closest(".piece");
  if (element) {
    const piece = pieces.find((one) => one.element === element);
    const at = position(target.value, piece.source, piece[edge]);
    if (!Number.isNaN(at)) piece.move(edge, at);
    target.value = piece.source.say(piece[edge], true);
    return;
  }
  const it = covers[[...target.closest("ol").children].indexOf(target.closest("li"))];
  const at = position(target.value, it.piece.source, it[edge]);
  if (!Number.isNaN(at)) it[edge] = at;
  if (it.to <= it.from) it.to = it.from + COVER;
  target.value = it.piece.source.say(it[edge], true);
  changed();
}

/** Returns what is heard of a stretch of a piece: what is covered is covered. */
async function heard(piece, start, end) {
  const samples = await piece.source.samples(start, end);
  const rate = samples.length / ((end - start) / 1000);
  for (const { kind, from, to } of covers.filter((one) => one.piece === piece)) {
    const [first, last] = [from, to].map((at) => Math.round(((at - start) / 1000) * rate));
    for (let at = Math.max(0, first); at < Math.min(samples.length, last); at++) {
      samples[at] = kind === "bleep" ? 0.1 * Math.sin((2 * Math.PI * 1000 * at) / rate) : 0;
    }
  }
  return samples;
}

async function listen(piece, what) {
  const first = (of) => heard(of, of.start, Math.min(of.end, of.start + AROUND));
  const last = (of) => heard(of, Math.max(of.start, of.end - AROUND), of.end);
  try {
    if (what === "start") hear([await first(piece)]);
    else if (what === "end") hear([await last(piece)]);
    else hear([await last(pieces[pieces.indexOf(piece) - 1]), await first(piece)]);
  } catch (error) { failed(error); }
}

async function hearAll() {
  try {
    let left = LONGEST;
    const stretches = [];
    for (const piece of pieces) {
      const length = Math.min(left, piece.length);
      if (length <= 0) break;
      stretches.push(await heard(piece, piece.start, piece.start + length));
      left -= length;
    }
    hear(stretches);
  } catch (error) { failed(error); }
}

async function save(event) {
  event.preventDefault();
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  try {
    await api("/clips", "POST", clip());
    stop();
    await go(new URL(form.dataset.clips, location.href).href);
  } catch (error) {
    failed(error);
  } finally {
    if (form) form.ariaBusy = null;
  }
}
