// The editor of the file: colours behind the text, what `aircheck check` says of it while one types, and saving. All that is
// said comes from the service, as the part of the page that has it.
import { Colours } from "./yaml.js";

const PAUSE = 350;

/** What there is of an editor, by its form: pages that were left come back as they were. */
const editors = new WeakMap();

class Editor {
  constructor(form) {
    this.form = form;
    this.text = form.elements.text;
    this.paper = form.querySelector(".paper");
    this.colours = new Colours(this.paper.querySelector(".colours"));
    this.saved = this.text.value;
    this.turn = 0;
    this.paper.classList.add("drawn");
    this.draw();
    this.mark();
    this.text.addEventListener("input", () => { this.draw(); this.later(); });
    this.text.addEventListener("scroll", () => this.follow());
    this.text.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.follow()).observe(this.text);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(event.submitter?.value ?? "check");
    });
    // Enter in a field is its own button, and never saves.
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || !event.target.matches(".fields input")) return;
      event.preventDefault();
      event.target.closest(".fields").querySelector("button").click();
    });
    form.addEventListener("click", (event) => {
      const place = event.target.closest(".place");
      if (place) this.go(place.parentElement.dataset);
    });
  }

  get changed() { return this.text.value !== this.saved; }

  draw() {
    this.colours.show(this.text.value);
    this.paper.style.setProperty("--digits", String(Math.max(2, String(this.colours.count).length)));
    this.follow();
  }

  follow() { this.colours.scroll(this.text.scrollLeft, this.text.scrollTop); }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "s" && (event.ctrlKey || event.metaKey) && !event.altKey) {
      event.preventDefault();
      if (!event.repeat) this.send("save");
    }
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const { value, selectionStart: at } = this.text;
      const line = value.slice(value.lastIndexOf("\n", at - 1) + 1, at);
      const margin = /^ */.exec(line)[0] + (/:\s*$/.test(line) ? "  " : "");
      if (margin === "") return;
      event.preventDefault();
      this.put(`\n${margin}`);
    }
  }

  /** Writes at the cursor, so that the browser can undo it. */
  put(text) {
    if (!document.execCommand("insertText", false, text)) {
      this.text.setRangeText(text, this.text.selectionStart, this.text.selectionEnd, "end");
      this.text.dispatchEvent(new Event("input"));
    }
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send("check"), PAUSE);
  }

  async send(action) {
    clearTimeout(this.timer);
    // While something is saved or put into the text, nobody types, and nothing else is sent.
    if (this.text.readOnly) return;
    const turn = ++this.turn;
    const sent = this.text.value;
    const body = new URLSearchParams([...new FormData(this.form)].filter(([name]) => name !== "action"));
    body.append("action", action);
    body.append("part", "1");
    const verdict = this.form.querySelector(".verdict");
    if (action === "station") verdict.textContent = this.form.dataset.working;
    this.text.readOnly = action !== "check";
    this.form.ariaBusy = "true";
    let found = null;
    try {
      // The property is that of the buttons, which are called so.
      const answer = await fetch(this.form.getAttribute("action"), { method: "POST", body, headers: { Accept: "text/html" } });
      found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("edited");
    } catch { /* It is told below. */ }
    // A later one was sent: this was a check.
    if (turn !== this.turn) return;
    // Before the answer is used: the browser undoes only what is written into a text that one may write into.
    this.text.readOnly = false;
    this.form.ariaBusy = null;
    if (found) this.answered(found, sent);
    else verdict.textContent = document.getElementById("toasts").dataset.failed;
  }

  answered(found, sent) {
    const old = this.form.querySelector("#edited");
    const open = old.querySelector(".versions")?.open;
    const focused = old.contains(document.activeElement) ? document.activeElement.value : null;
    if (found.querySelector(".versions")) found.querySelector(".versions").open = open;
    old.replaceWith(found);
    if (focused) found.querySelector(`[value="${CSS.escape(focused)}"]`)?.focus();
    const withEntry = found.querySelector("template[data-text]");
    if (withEntry) {
      this.replace(withEntry.content.textContent);
      for (const field of this.form.querySelectorAll(".fields input")) field.value = "";
    }
    if ("saved" in found.dataset) {
      this.form.elements.digest.value = found.dataset.digest;
      this.saved = sent;
    }
    this.mark();
  }

  /** Puts another text in the place of this one; what differs is shown and selected. */
  replace(text) {
    const old = this.text.value;
    let from = 0;
    while (from < old.length && old[from] === text[from]) from += 1;
    let end = 0;
    while (end < old.length - from && old.at(-1 - end) === text.at(-1 - end)) end += 1;
    this.text.focus();
    this.text.setSelectionRange(from, old.length - end);
    this.put(text.slice(from, text.length - end));
    this.select(from, text.length - end);
  }

  mark() {
    const places = [...this.form.querySelectorAll("[data-line]")].map(({ dataset }) => dataset);
    this.colours.wrong(places.map(({ line, column, width }) => [Number(line) - 1, Number(column) - 1, Number(width)]));
  }

  go({ line, column, width }) {
    const lines = this.text.value.split("\n");
    const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    const letters = [...(lines[line - 1] ?? "")];
    const from = before + letters.slice(0, column - 1).join("").length;
    this.text.focus();
    this.select(from, from + letters.slice(column - 1, column - 1 + Number(width)).join("").length);
  }

  select(from, to) {
    this.text.setSelectionRange(from, to);
    const line = this.text.value.slice(0, from).split("\n").length - 1;
    const height = this.colours.height;
    const [top, room] = [line * height, this.text.clientHeight];
    if (top < this.text.scrollTop + height || top > this.text.scrollTop + room - 4 * height) {
      this.text.scrollTop = Math.max(0, top - room / 3);
    }
    this.text.scrollIntoView({ block: "nearest" });
  }
}

/** Prepares the editor in a part of the page. */
export function fileEditor(part) {
  const form = part.querySelector("#yaml");
  if (form && !editors.has(form)) editors.set(form, new Editor(form));
}

const unsaved = () => editors.get(document.getElementById("yaml"))?.changed ?? false;

addEventListener("beforeunload", (event) => { if (unsaved()) event.preventDefault(); });

// Before the script that goes from page to page: what is typed would be lost, for an earlier version above all.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || link.target || !unsaved() || event.ctrlKey || event.metaKey) return;
  if (!confirm(document.getElementById("yaml").dataset.unsaved)) {
    event.preventDefault();
    event.stopPropagation();
  }
}, { capture: true });
