// A piece of a clip in the editor: its waveform, which zooms from all of it to the sample, with a handle at each end.
import { Selection } from "./selection.js";
import { Covers } from "./clip-covers.js";
import { NEAR } from "./clip-sound.js";

/** The shortest view, in milliseconds. */
const SHORTEST = 20;
/** How far a view reaches beyond the piece, as a share of its length. */
const AROUND = 0.25;
/** How far the Alt key moves a handle, in milliseconds. */
const FINE = { ArrowLeft: -10, ArrowRight: 10, ArrowDown: -1, ArrowUp: 1 };
const ZOOM = 2;
/** How soon levels are asked for again that are still to come, in milliseconds, and how often. */
const SOON = 1_000;
const LOOKS = 20;

export class Piece {
  #selection;
  #drawn = 0;
  /** How often it was drawn because more levels were to come. */
  #looks = 0;
  #view;
  /** What is known to be missing, from and to. */
  missing = [];
  /** The covers over it, which a person may drag. */
  covers;

  /** @param changed is called whenever the piece is another */
  constructor(source, start, end, words, changed) {
    this.source = source;
    this.element = document.getElementById("clip-piece").content.firstElementChild.cloneNode(true);
    this.element.querySelector(".from-what").textContent = source.name;
    this.scope = this.element.querySelector(".scope");
    this.changed = changed;
    this.cursor = start;
    this.#selection = new Selection({
      rows: () => (this.scope.isConnected ? [{ element: this.scope, start: this.#view.start, end: this.#view.end }] : []),
      bounds: () => source.bounds,
      said: (at) => source.say(at, true),
      grain: 1,
    });
    this.#selection.name(words.start, words.end);
    this.covers = new Covers(this.scope, () => this.#view, () => [this.start, this.end], changed);
    this.#listen();
    this.view = { start, end };
    this.#selection.select(start, end);
    this.whole();
  }

  get start() { return this.#selection.start; }
  get end() { return this.#selection.end; }
  get length() { return this.end - this.start; }

  set view({ start, end }) {
    const [least, most] = this.source.bounds;
    const length = Math.min(Math.max(end - start, SHORTEST), most - least);
    const from = Math.min(Math.max(start, least), most - length);
    this.#view = { start: from, end: from + length };
  }

  /** Shows all of the piece, and a little around it. */
  whole() {
    const around = this.length * AROUND;
    this.view = { start: this.start - around, end: this.end + around };
    this.show();
  }

  /** Zooms around the cursor. */
  zoom(times) {
    const { start, end } = this.#view;
    const at = this.cursor >= start && this.cursor <= end ? this.cursor : (start + end) / 2;
    const share = (at - start) / (end - start);
    const length = (end - start) / times;
    this.view = { start: at - length * share, end: at + length * (1 - share) };
    this.show();
  }

  move(edge, at) { this.#selection.move(edge, at); }

  /** Draws the waveform and writes the ends. */
  async show() {
    this.#selection.draw();
    this.covers.draw();
    const { start, end } = this.#view;
    const exact = end - start <= NEAR;
    const [left, right] = this.element.querySelectorAll(".ruler span");
    [left.textContent, right.textContent] = [this.source.say(start, exact), this.source.say(end, exact)];
    for (const input of this.element.querySelectorAll("[data-edge]")) {
      if (input !== document.activeElement) input.value = this.source.say(this[input.dataset.edge], true);
    }
    const cursor = this.element.querySelector(".scope > .cursor");
    cursor.style.setProperty("--from", `${(100 * (this.cursor - start)) / (end - start)}%`);
    cursor.hidden = this.cursor < start || this.cursor > end;
    const turn = ++this.#drawn;
    const canvas = this.element.querySelector("canvas");
    const [width, height, scale] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio];
    if (width === 0) return;
    const columns = await this.source.columns(start, end, Math.round(width)).catch(() => []);
    if (turn !== this.#drawn) return;
    this.#again(turn);
    [canvas.width, canvas.height] = [width * scale, height * scale];
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const place = (at) => ((at - start) / (end - start)) * width;
    const style = getComputedStyle(this.scope);
    pen.fillStyle = style.getPropertyValue("--lost");
    for (const [from, to] of this.missing) pen.fillRect(place(from), 0, Math.max(2, place(to) - place(from)), height);
    pen.fillStyle = style.color;
    columns.forEach((column, x) => {
      if (!column) { pen.fillRect(x, height / 2, 1, 0.5); return; }
      const [top, bottom] = [height / 2 - (column[1] * height) / 2, height / 2 - (column[0] * height) / 2];
      pen.fillRect(x, top, 1, Math.max(1, bottom - top));
    });
  }

  /** Draws it once more if more levels of it are still to come. */
  #again(turn) {
    if (!this.source.coming) { this.#looks = 0; return; }
    if (this.#looks >= LOOKS) return;
    this.#looks += 1;
    setTimeout(() => { if (turn === this.#drawn && this.element.isConnected) this.show(); }, SOON);
  }

  #listen() {
    document.addEventListener("aircheck:selected", ({ detail }) => {
      if (detail.selection !== this.#selection || !this.element.isConnected || detail.start === null) return;
      this.show();
      this.changed();
    });
    this.scope.addEventListener("click", (event) => {
      const box = this.scope.getBoundingClientRect();
      const { start, end } = this.#view;
      this.cursor = start + ((event.clientX - box.left) / box.width) * (end - start);
      this.show();
    });
    this.scope.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) { this.zoom(event.deltaY < 0 ? ZOOM : 1 / ZOOM); return; }
      const { start, end } = this.#view;
      const by = ((end - start) * event.deltaX) / this.scope.clientWidth;
      this.view = { start: start + by, end: end + by };
      this.show();
    }, { passive: false });
    this.scope.addEventListener("keydown", (event) => {
      const handle = event.target.closest(".handle");
      const edge = handle?.classList.contains("start") ? "start" : "end";
      if (handle) this.cursor = this[edge];
      if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? ZOOM : 1 / ZOOM);
      else if (handle && event.altKey && FINE[event.key]) this.move(edge, this[edge] + FINE[event.key]);
      else return;
      event.preventDefault();
    });
    this.element.addEventListener("click", (event) => {
      const zoom = event.target.closest("[data-zoom]");
      if (zoom) this.zoom(ZOOM ** Number(zoom.dataset.zoom));
      if (event.target.closest("[data-whole]")) this.whole();
    });
    new ResizeObserver(() => this.show()).observe(this.scope);
  }
}
