// Shows once a second how far grabs are.
import { clock } from "./time.js";

const MIB = 1 << 20;

/** Bytes as people read them, as the service writes them. */
function amount(bytes) {
  const mib = bytes / MIB;
  if (mib >= 1024) return `${(mib / 1024).toFixed(1)} GiB`;
  return mib >= 0.1 ? `${mib.toFixed(mib >= 10 ? 0 : 1)} MiB` : `${(mib * 1024).toFixed(0)} KiB`;
}

/** What is said of a grab, by the place where it stands. */
function said(one, words) {
  const { stage, segments, there, missing, bytes, rate, left } = one;
  if (stage !== "fetching") {
    return { stage: stage === "packing" ? words.packing : words.finding, size: "", speed: "", left: "", lacks: "" };
  }
  return {
    stage: words.segments.replace("{there}", there).replace("{all}", segments),
    size: amount(bytes),
    speed: rate >= 1 ? words.speed.replace("{size}", amount(rate)) : "",
    left: left === null ? "" : words.left.replace("{time}", clock(left)),
    lacks: missing > 0 ? words.lacks.replace("{n}", missing) : "",
  };
}

document.addEventListener("aircheck:grabs", ({ detail }) => {
  const list = document.getElementById("grabs");
  if (!list) return;
  for (const one of detail) {
    const row = list.querySelector(`[data-key="${CSS.escape(one.id)}"] .going`);
    if (!row) continue;
    const bar = row.querySelector("progress");
    if (one.stage === "fetching") {
      bar.max = Math.max(1, one.segments);
      bar.value = one.there;
    } else bar.removeAttribute("value");
    for (const [name, text] of Object.entries(said(one, list.dataset))) {
      row.querySelector(`[data-said=${name}]`).textContent = text;
    }
  }
});
