// Shows once a second how far and how loud running airings are.
import { explain } from "./cause.js";
import { clock } from "./time.js";

/** Levels per second. */
const RATE = 10;
/** The quietest that a meter shows, in dBFS. */
const FLOOR = -60;
/** For each airing, the newest levels and those that are still to be shown. */
const meters = new Map();

const rowOf = (id) => document.querySelector(`.now[data-id="${CSS.escape(id)}"]`);

document.addEventListener("aircheck:on-air", ({ detail }) => {
  for (const one of detail) {
    const row = rowOf(one.id);
    if (!row) continue;
    row.dataset.taped = one.on_tape;
    row.querySelector("progress").value = Math.round(one.on_tape);
    row.querySelector("[data-on-tape]").textContent = clock(one.on_tape);
    row.querySelector("[data-missing]").textContent = clock(Math.ceil(one.missing));
    row.querySelector(".lost").hidden = one.missing < 0.05;
    const trouble = row.querySelector("[data-trouble]");
    trouble.hidden = !one.trouble;
    if (one.trouble) explain(trouble, one.trouble_kind, one.trouble);
    else trouble.textContent = "";
    const meter = meters.get(one.id) ?? { told: "", waiting: [] };
    const told = JSON.stringify(one.levels);
    // The levels of a stretch are shown for as long as it plays.
    if (told !== meter.told) meters.set(one.id, { told, waiting: [...meter.waiting.slice(-RATE), ...one.levels] });
  }
});

const share = (level) => Math.min(1, Math.max(0, 1 - level / FLOOR));

setInterval(() => {
  for (const [id, meter] of meters) {
    const row = rowOf(id);
    if (!row) { meters.delete(id); continue; }
    const level = meter.waiting.length > 0 ? share(meter.waiting.shift()) : 0;
    row.querySelector(".meter span").style.setProperty("--level", level.toFixed(3));
  }
}, 1000 / RATE);
