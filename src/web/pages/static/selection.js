// A stretch of time that a person selects on rows of a timeline: by dragging, and by two handles that keys move. It knows
// nothing of what it is selected for: whenever it changes, the event `aircheck:selected` says so.

/** A drag begins after so many CSS pixels; what moves less is a click. */
const DRAG = 6;
/** The shortest selection, in milliseconds. */
const SHORTEST = 100;

/** How far keys move a handle, in milliseconds. */
const STEPS = {
  ArrowLeft: -1000, ArrowRight: 1000, ArrowDown: -10_000, ArrowUp: 10_000, PageDown: -60_000, PageUp: 60_000,
};
const SMALL = { ArrowLeft: -100, ArrowRight: 100, ArrowDown: -100, ArrowUp: 100 };

const clamp = (at, [least, most]) => Math.min(most, Math.max(least, at));

/**
 * A selection. Its `start` (included) and `end` (excluded) are milliseconds since 1970; null while nothing is selected.
 *
 * The event `aircheck:selected` on the document has `{ selection, start, end }` as its detail.
 */
export class Selection {
  #rows;
  #bounds;
  #said;
  #grain;
  #handles;
  #dragged = null;

  start = null;
  end = null;

  /**
   * @param rows returns the rows that are on the page: `{ element, start, end }`; time runs from left to right in each
   * element, which is positioned
   * @param bounds returns the earliest and the latest instant that can be selected
   * @param said returns an instant in words
   * @param grain dragging rounds to so many milliseconds
   */
  constructor({ rows, bounds, said, grain = 1000 }) {
    this.#rows = rows;
    this.#bounds = bounds;
    this.#said = said;
    this.#grain = grain;
    this.#handles = { start: this.#handle("start"), end: this.#handle("end") };
    document.addEventListener("pointerdown", (event) => this.#pressed(event));
  }

  /** What the handles are called. */
  name(start, end) {
    this.#handles.start.setAttribute("aria-label", start);
    this.#handles.end.setAttribute("aria-label", end);
  }

  /** Selects a stretch; its ends may be the wrong way round. */
  select(from, to) {
    const [start, end] = [from, to].map((at) => clamp(at, this.#bounds())).sort((a, b) => a - b);
    if (end - start < SHORTEST) return;
    [this.start, this.end] = [start, end];
    this.#changed();
  }

  /** Moves one end: `start` or `end`. It stops at the other. */
  move(edge, at) {
    if (this.start === null) return;
    const [least, most] = this.#bounds();
    this[edge] = edge === "start" ? clamp(at, [least, this.end - SHORTEST]) : clamp(at, [this.start + SHORTEST, most]);
    this.#changed();
  }

  clear() {
    if (this.start === null) return;
    [this.start, this.end] = [null, null];
    this.#changed();
  }

  /** Gives the focus to a handle. */
  focus(edge) { this.#handles[edge].focus(); }

  #changed() {
    this.draw();
    const detail = { selection: this, start: this.start, end: this.end };
    document.dispatchEvent(new CustomEvent("aircheck:selected", { detail }));
  }

  /** Draws it on the rows that are on the page now. */
  draw() {
    const rows = this.#rows();
    for (const { element, start, end } of rows) {
      const [from, to] = this.start === null ? [0, 0] : [Math.max(this.start, start), Math.min(this.end, end)];
      let part = element.querySelector(":scope > .part");
      if (from >= to) { part?.remove(); continue; }
      if (!part) {
        part = document.createElement("span");
        part.className = "part";
        element.append(part);
      }
      part.style.setProperty("--from", `${(100 * (from - start)) / (end - start)}%`);
      part.style.setProperty("--length", `${(100 * (to - from)) / (end - start)}%`);
    }
    this.#place("start", rows.find(({ start, end }) => this.start >= start && this.start < end));
    this.#place("end", rows.find(({ start, end }) => this.end > start && this.end <= end));
  }

  #place(edge, row) {
    const handle = this.#handles[edge];
    if (this.start === null || !row) { handle.remove(); return; }
    if (handle.parentElement !== row.element) {
      // What is moved in the document loses its focus.
      const focused = handle === document.activeElement;
      row.element.append(handle);
      if (focused) handle.focus({ preventScroll: true });
    }
    const [least, most] = this.#bounds();
    handle.style.setProperty("--from", `${(100 * (this[edge] - row.start)) / (row.end - row.start)}%`);
    handle.setAttribute("aria-valuemin", "0");
    handle.setAttribute("aria-valuemax", String(Math.round((most - least) / 1000)));
    handle.setAttribute("aria-valuenow", String(Math.round((this[edge] - least) / 1000)));
    handle.setAttribute("aria-valuetext", this.#said(this[edge]));
  }

  #handle(edge) {
    const handle = document.createElement("span");
    handle.className = `handle ${edge}`;
    handle.setAttribute("role", "slider");
    handle.tabIndex = 0;
    handle.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step = (event.shiftKey ? SMALL : STEPS)[event.key];
      if (step) this.move(edge, this[edge] + step);
      else if (event.key === "Escape") this.clear();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return handle;
  }

  #pressed(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    const row = this.#rows().find(({ element }) => element.contains(event.target));
    if (!row) return;
    const edge = ["start", "end"].find((one) => this.#handles[one] === event.target);
    const at = this.#under(event);
    // An end that is dragged past the other becomes the other.
    this.#dragged = { from: edge ? this[edge === "start" ? "end" : "start"] : at, x: event.clientX, y: event.clientY, moves: Boolean(edge) };
    const moved = (next) => this.#dragged && this.#drag(next);
    const over = (last) => {
      for (const [name, listener] of listeners) removeEventListener(name, listener);
      // The click at the end of a drag is none.
      if (this.#dragged?.moves && last.type === "pointerup") {
        const swallow = (click) => { click.preventDefault(); click.stopPropagation(); };
        addEventListener("click", swallow, { capture: true, once: true });
        setTimeout(() => removeEventListener("click", swallow, { capture: true }));
      }
      this.#dragged = null;
    };
    const listeners = [["pointermove", moved], ["pointerup", over], ["pointercancel", over]];
    for (const [name, listener] of listeners) addEventListener(name, listener);
  }

  #drag(event) {
    const dragged = this.#dragged;
    if (!dragged.moves && Math.hypot(event.clientX - dragged.x, event.clientY - dragged.y) < DRAG) return;
    dragged.moves = true;
    this.select(dragged.from, this.#under(event));
  }

  /** The instant under the pointer, on the row that is nearest to it. */
  #under({ clientX, clientY }) {
    const far = ({ top, bottom }) => Math.max(top - clientY, clientY - bottom, 0);
    let [nearest, box] = [null, null];
    for (const row of this.#rows()) {
      const its = row.element.getBoundingClientRect();
      if (its.height > 0 && (!box || far(its) < far(box))) [nearest, box] = [row, its];
    }
    const { start, end } = nearest;
    const at = start + clamp((clientX - box.left) / box.width, [0, 1]) * (end - start);
    return Math.round(at / this.#grain) * this.#grain;
  }
}
