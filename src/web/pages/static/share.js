// Links to share. Their page opens as a dialog over the list; there and on the page itself, what its forms do goes through
// the interface, so that a new link can be copied at once.
import { api } from "./api.js";
import { page } from "./go.js";

/** Returns the part of the page of links that is at an address; null if there is none. */
const sectionAt = async (url) => (await page(url).catch(() => null))?.document.querySelector(".share") ?? null;

/** Shows the links to a recording in a dialog. */
async function show(url) {
  const section = await sectionAt(url);
  if (!section) { location.assign(url); return; }
  const dialog = document.createElement("dialog");
  dialog.className = "over";
  dialog.setAttribute("aria-labelledby", "share-title");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "round";
  button.setAttribute("aria-label", section.dataset.close);
  button.innerHTML = '<svg class="icon" aria-hidden="true"><use href="#i-close"/></svg>';
  button.addEventListener("click", () => dialog.close());
  dialog.append(section, button);
  dialog.addEventListener("close", () => dialog.remove());
  // What is behind the dialog closes it.
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  section.querySelector(":checked").focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-share]");
  if (!link || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (!document.querySelector("dialog.over")) show(link.href);
});
addEventListener("popstate", () => document.querySelector("dialog.over")?.close());

const say = (section, words) => { section.querySelector("[data-said]").textContent = words; };

function complain(section, words) {
  const place = section.querySelector("[data-trouble]");
  place.textContent = words;
  place.hidden = words === "";
}

/** Runs what a form asks for. A second press meanwhile does nothing. */
async function run(section, form, what) {
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  complain(section, "");
  try {
    await what();
  } catch (error) {
    complain(section, error.message || section.dataset.failed);
  } finally {
    form.ariaBusy = null;
  }
}

/** Fetches the list of links again. */
async function list(section) {
  const fresh = (await sectionAt(section.dataset.page))?.querySelector("[data-links]");
  if (fresh) section.querySelector("[data-links]").replaceWith(fresh);
}

async function make(section, form) {
  const path = `/recordings/${encodeURIComponent(section.dataset.recording)}/links`;
  const made = await api(path, "POST", Object.fromEntries(new FormData(form)));
  const place = section.querySelector("[data-made]");
  const field = place.querySelector("input");
  place.hidden = false;
  place.dataset.made = made.id;
  field.value = made.url;
  field.focus();
  field.select();
  field.scrollLeft = 0;
  await copy(section);
  await list(section);
}

async function withdraw(section, id) {
  await api(`/links/${id}`, "DELETE");
  const place = section.querySelector("[data-made]");
  if (place.dataset.made === id) place.hidden = true;
  await list(section);
  section.querySelector("h1").focus();
  say(section, section.dataset.withdrawn);
}

/** Copies the link that was made, and says so; otherwise it stays selected. */
async function copy(section) {
  const field = section.querySelector("[data-made] input");
  const button = section.querySelector("[data-copy]");
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Browsers allow the clipboard to secure pages only; a selection can be copied everywhere.
    field.focus();
    field.select();
    if (!document.execCommand("copy")) return;
  }
  const label = button.dataset.label ??= button.textContent;
  button.textContent = button.dataset.done;
  say(section, section.dataset.copied);
  setTimeout(() => { button.textContent = label; }, 2_000);
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest(".share form");
  if (!form) return;
  event.preventDefault();
  const section = form.closest(".share");
  run(section, form, () => ("make" in form.dataset ? make(section, form) : withdraw(section, form.dataset.withdraw)));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest(".share [data-copy]");
  if (button) copy(button.closest(".share"));
});
document.addEventListener("focusin", (event) => {
  if (event.target.matches(".share [data-made] input")) event.target.select();
});
