// Actions on airings and stations: a button names a path of the interface, a form also what it sends.
import { api } from "./api.js";
import { refresh } from "./live.js";
import { failed, toast } from "./toast.js";

async function act(element, body) {
  // Not `disabled`, which would take the focus away.
  if (element.ariaBusy === "true") return;
  element.ariaBusy = "true";
  const [method, path] = element.dataset.call.split(" ");
  const place = element.querySelector("[data-failure]");
  try {
    const answer = await api(path, method, method === "DELETE" ? undefined : body);
    if (place) place.textContent = "";
    if (element.dataset.done) toast(told(element.dataset, answer));
    if (element.matches("form")) {
      element.reset();
      ask(element);
      offer(element);
      const details = element.closest("details");
      if (details) details.open = false;
    }
    await refresh();
  } catch (error) {
    // Where the form has a place for it, one sees what to write instead.
    if (place) place.textContent = error.message || document.getElementById("toasts").dataset.failed;
    else failed(error);
  } finally {
    element.ariaBusy = null;
  }
}

/** What to say of what was done. A recording may have less of the past than was asked for. */
function told(words, answer) {
  const { past, start, sound_from: from } = answer ?? {};
  if (past === "offered") return words.doneOffered;
  if (past === "lost") return words.doneLost;
  // By the clock of the station, which is in the time.
  const isLate = past === "on_tape" && Date.parse(from) - Date.parse(start) >= 1000;
  return isLate ? words.doneFrom.replaceAll("{at}", from.slice(11, from[17] + from[18] === "00" ? 16 : 19)) : words.done;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-call]");
  if (button) act(button, button.dataset.body ? JSON.parse(button.dataset.body) : undefined);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-call]");
  if (!form) return;
  event.preventDefault();
  const exact = (name, value) => {
    const it = form.elements[name];
    if (it.type === "checkbox") return it.checked;
    if (it.type === "number" || "number" in (it.dataset ?? {})) return Number(value);
    return it.dataset?.exact ?? value;
  };
  const given = [...new FormData(form)].filter(([name, value]) => value !== "" && !name.startsWith("-"))
    .map(([name, value]) => [name, exact(name, value)]);
  const station = form.querySelector("[name='-station']");
  if (station) form.dataset.call = `POST /stations/${encodeURIComponent(station.value)}/record`;
  act(form, Object.fromEntries(given));
});

/** Hides the fields for title and station if a show is chosen, because the show has both. */
function ask(form) {
  if (!form.matches(".one-time")) return;
  const own = form.querySelector("[name=show]").value === "";
  for (const field of form.querySelectorAll("[data-own]")) {
    field.hidden = !own;
    for (const input of field.querySelectorAll("input, select")) input.disabled = !own;
  }
  form.querySelector("[name=length]").required = own;
}

/** Offers the moments from which the chosen station can be recorded. */
function offer(form) {
  const station = form.querySelector("[name='-station']");
  if (!station) return;
  const since = form.querySelector("[name=since]");
  if (since.dataset.of === station.value) return;
  since.dataset.of = station.value;
  const its = form.querySelector(`[data-since-of="${CSS.escape(station.value)}"]`);
  since.replaceChildren(since.options[0], ...(its ? its.content.cloneNode(true).children : []));
  since.value = "";
  since.closest("label").hidden = !its;
}

/** Prepares the forms of a part in which a station is chosen. */
export function offers(part) {
  for (const station of part.querySelectorAll("[name='-station']")) offer(station.form);
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[name='-station']")) offer(event.target.form);
  // Lengths count from the beginning. Who asks for the past mostly wants what comes now, too.
  if (event.target.matches("[name=since]") && event.target.value) {
    event.target.form.querySelector("[name=length]").value = "";
  }
  if (event.target.matches("form.one-time [name=show]")) ask(event.target.form);
});
