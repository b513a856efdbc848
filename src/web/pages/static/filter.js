// Updates the list as the form is filled in, and loads older recordings when the end of the list is near.
import { narrow, page } from "./go.js";
import { ready } from "./ready.js";

const PAUSE = 300;

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".filter")) return;
  event.preventDefault();
  narrow(event.target);
});
document.addEventListener("change", (event) => {
  if (event.target.matches(".filter select, .filter [type=date]")) narrow(event.target.form);
});
document.addEventListener("input", (event) => {
  // A Korean syllable is typed in several steps.
  if (!event.target.matches(".filter [type=search]") || event.isComposing) return;
  narrow(event.target.form, PAUSE);
});
document.addEventListener("compositionend", (event) => {
  if (!event.target.matches?.(".filter [type=search]")) return;
  narrow(event.target.form, PAUSE);
});

/** Labels an empty date as any date. */
export function someDay(part) {
  for (const input of part.querySelectorAll(".date input")) {
    const tell = () => input.parentElement.classList.toggle("open", input.value === "" && document.activeElement !== input);
    for (const event of ["input", "focus", "blur"]) input.addEventListener(event, tell);
    tell();
  }
}

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    older(target);
  }
}, { rootMargin: "1200px" });

/** Loads older recordings when the link to them comes near the screen. */
export function endless(part) {
  const link = part.querySelector(".pages a[rel=next]");
  if (link) near.observe(link);
}

async function older(link) {
  const found = await page(link.href).catch(() => null);
  // The person has left the page meanwhile, or can click the link.
  if (!found || !link.isConnected) return;
  const days = document.querySelector('[data-live="days"]');
  for (const day of [...found.document.querySelectorAll('[data-live="days"] > .day')]) {
    const last = days.lastElementChild;
    if (last?.dataset.key === day.dataset.key) {
      const part = day.querySelector(".rows");
      const rows = [...part.children];
      last.querySelector(".rows").append(...rows);
      last.hidden = false;
    } else days.append(day);
  }
  const pages = found.document.querySelector(".pages a[rel=next]")?.closest(".pages");
  if (pages) link.closest(".pages").replaceWith(pages); else link.closest(".pages").remove();
  ready(document.getElementById("content"));
}
