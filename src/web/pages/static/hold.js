// The form that holds a stretch of tape, and what can be done with the stretch that is selected on the timeline: hear it,
// cut a clip of it, hold it.
import { timeOfDay } from "./tape.js";
import { instantOf, localTime } from "./zone.js";
import { clock } from "./time.js";

/** The selection, once something was selected. */
let selection = null;

const bar = () => document.querySelector(".selection");
const form = () => document.getElementById("hold-form");
const field = (name) => form()?.elements[name];

/** Writes an instant into a field: what a person reads, and the exact instant beside it. */
function fill(input, at) {
  const text = at === null ? "" : localTime(at, form().dataset.zone);
  if (input.value !== text) input.value = text;
  // A time that the clocks show twice is one instant all the same.
  if (at === null) delete input.dataset.exact; else input.dataset.exact = new Date(at).toISOString();
}

document.addEventListener("aircheck:selected", ({ detail }) => {
  const { start, end } = detail;
  selection = detail.selection;
  const it = bar();
  if (it) {
    it.hidden = start === null;
    const zone = document.querySelector(".timeline").dataset.zone;
    const said = start === null ? "" : `${timeOfDay(start, zone)}–${timeOfDay(end, zone)} · ${clock((end - start) / 1000)}`;
    it.querySelector("output").textContent = said;
    const clip = new URL(it.querySelector("[data-clip]").href);
    for (const [name, at] of [["from", start], ["to", end]]) {
      if (at !== null) clip.searchParams.set(name, new Date(at).toISOString());
    }
    it.querySelector("[data-clip]").href = clip.href;
  }
  if (!form()) return;
  fill(field("from"), start);
  fill(field("to"), end);
});

document.addEventListener("click", (event) => {
  const it = event.target.closest(".selection");
  if (!it || !selection) return;
  if (event.target.closest("[data-clear]")) {
    selection.clear();
    document.getElementById("content").focus({ preventScroll: true });
  } else if (event.target.closest("[data-hold]")) {
    form().scrollIntoView({ block: "center" });
    field("why").focus({ preventScroll: true });
  }
});

document.addEventListener("input", (event) => {
  if (event.target.form && event.target.form === form()) delete event.target.dataset.exact;
});

// What is written there is shown on the timeline.
document.addEventListener("change", (event) => {
  const it = form();
  if (!it || event.target.form !== it || event.target.type !== "datetime-local") return;
  const [start, end] = ["from", "to"].map((name) => {
    const { value, dataset } = field(name);
    return dataset.exact ? Date.parse(dataset.exact) : instantOf(value, it.dataset.zone);
  });
  if (start < end) document.dispatchEvent(new CustomEvent("aircheck:select", { detail: { start, end } }));
});

// The form is reset once the stretch is held.
document.addEventListener("reset", (event) => { if (event.target === form()) selection?.clear(); });
