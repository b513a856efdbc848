// The covers of a piece on its waveform. A person drags one by an end or as a whole; the list below the pieces says the same
// for who uses keys.

/** How near to an end of a cover it is dragged by that end, in CSS pixels. */
const END = 10;
/** The shortest cover, in milliseconds. */
const SHORTEST = 10;

const clamp = (at, [least, most]) => Math.min(most, Math.max(least, at));

export class Covers {
  #scope;
  #view;
  #within;
  #moved;

  /** The covers, each with `from` and `to`; a drag changes them. */
  all = [];

  /**
   * @param scope the element of the waveform
   * @param view returns the start and the end of what it shows
   * @param within returns the earliest and the latest position of a cover
   * @param moved is called after a drag has moved one
   */
  constructor(scope, view, within, moved) {
    [this.#scope, this.#view, this.#within, this.#moved] = [scope, view, within, moved];
    scope.addEventListener("pointerdown", (event) => this.#pressed(event));
  }

  /** Draws them where they are now. */
  draw() {
    const { start, end } = this.#view();
    const shown = [...this.#scope.querySelectorAll(":scope > .cover")];
    while (shown.length > this.all.length) shown.pop().remove();
    this.all.forEach(({ from, to }, number) => {
      const element = shown[number] ?? document.createElement("span");
      element.className = "cover";
      const [first, last] = [from, to].map((at) => clamp(at, [start, end]));
      element.hidden = first >= last;
      element.style.setProperty("--from", `${(100 * (first - start)) / (end - start)}%`);
      element.style.setProperty("--length", `${(100 * (last - first)) / (end - start)}%`);
      if (!element.isConnected) this.#scope.append(element);
    });
  }

  #pressed(event) {
    const element = event.target.closest(".cover");
    if (!element || event.button !== 0 || !event.isPrimary) return;
    // Nothing else begins here.
    event.stopPropagation();
    const cover = this.all[[...this.#scope.querySelectorAll(":scope > .cover")].indexOf(element)];
    const box = element.getBoundingClientRect();
    const near = Math.min(END, box.width / 3);
    const edges = event.clientX < box.left + near ? ["from"] : event.clientX > box.right - near ? ["to"] : ["from", "to"];
    const before = { ...cover };
    const drag = (next) => {
      const { start, end } = this.#view();
      const by = ((next.clientX - event.clientX) / this.#scope.clientWidth) * (end - start);
      const [least, most] = this.#within();
      if (edges.length === 2) {
        const moved = clamp(Math.round(by), [least - before.from, most - before.to]);
        [cover.from, cover.to] = [before.from + moved, before.to + moved];
      } else if (edges[0] === "from") cover.from = clamp(Math.round(before.from + by), [least, cover.to - SHORTEST]);
      else cover.to = clamp(Math.round(before.to + by), [cover.from + SHORTEST, most]);
      this.#moved();
    };
    const over = () => {
      removeEventListener("pointermove", drag);
      for (const name of ["pointerup", "pointercancel"]) removeEventListener(name, over);
    };
    addEventListener("pointermove", drag);
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, over);
  }
}
