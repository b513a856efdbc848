// Tries a station from the page: its card shows the result and plays the sound.
import { api } from "./api.js";
import { explain } from "./cause.js";

/** The results of trials, by station: cards are replaced when anything about stations changes. */
const tried = new Map();

/** Puts the results back into new cards. */
export function answers(part) {
  for (const place of part.querySelectorAll("[data-tried]")) {
    const answer = tried.get(place.dataset.tried);
    if (answer && answer.parentElement !== place) place.replaceChildren(answer);
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-try]");
  if (!button || button.ariaBusy === "true") return;
  const id = button.dataset.try;
  const say = (text, kind) => {
    const answer = document.createElement("p");
    answer.className = `answer ${kind}`;
    answer.textContent = text;
    tried.set(id, answer);
    answers(document);
    return answer;
  };
  const words = button.closest("[data-words]").dataset;
  button.ariaBusy = "true";
  say(words.trying, "waits");
  try {
    const probe = await api(`/stations/${encodeURIComponent(id)}/probe`, "POST");
    const number = (value) => (value ?? 0).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
    const heard = words.heard.replace("{seconds}", number(probe.seconds)).replace("{waited}", number(probe.waited))
      .replace("{format}", probe.format ?? "");
    const text = probe.silent ? words.silent : probe.seconds > 0 ? heard : words.nothing;
    const answer = say(text, probe.ok ? "good" : "bad");
    if (probe.trouble) explain(answer, probe.trouble_kind, probe.trouble);
    if (probe.media) {
      const audio = document.createElement("audio");
      audio.controls = true;
      audio.setAttribute("aria-label", button.getAttribute("aria-label"));
      audio.src = document.body.dataset.api.replace(/api\/v1$/, "") + probe.media;
      answer.append(audio);
    }
  } catch (error) {
    say(error.message || document.getElementById("toasts").dataset.failed, "bad");
  } finally {
    button.ariaBusy = null;
  }
});
