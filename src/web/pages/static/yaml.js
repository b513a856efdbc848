// Draws YAML in colours, line by line: only what changed is drawn again.

/** What a plain word is, if it is more than words. */
const VALUE = /^(?:true|false|null|~|[-+−]?\d[\d.:]*(?:\s?(?:[kKMGTh]|[KMGT]i?B|[kM]?bps|ms|min|s|m|d|w|h\d+m))?)$/;

/** Returns what a line says, as pairs of a kind and a text. */
export function words(line) {
  const found = [];
  const put = (kind, text) => { if (text) found.push([kind, text]); };
  let [at, depth, expects] = [0, 0, true];
  const next = (pattern) => {
    pattern.lastIndex = at;
    const text = pattern.exec(line)?.[0] ?? "";
    at += text.length;
    return text;
  };
  while (at < line.length) {
    put("", next(/\s+/y));
    if (at >= line.length) break;
    if (line[at] === "#" && (at === 0 || /\s/.test(line[at - 1]))) { put("note", next(/.*/y)); break; }
    const mark = next(/[{}[\],]|[-?](?=\s|$)|---$|:(?=\s|$)/y);
    if (mark) {
      if ("{[".includes(mark)) depth += 1;
      if ("}]".includes(mark)) depth -= 1;
      expects = mark !== ":";
      put("mark", mark);
      continue;
    }
    const quoted = next(/"(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?/y);
    if (quoted) { put(/^\s*:(?:\s|$)/.test(line.slice(at)) && expects ? "key" : "text", quoted); continue; }
    const key = expects ? next(depth > 0 ? /[^,{}[\]#]*?(?=\s*:(?:\s|$))/y : /(?:[^\s#]|\s(?!#)|(?<!\s)#)+?(?=\s*:(?:\s|$))/y) : "";
    if (key) { put("key", key); continue; }
    const text = next(depth > 0 ? /(?:[^,{}[\]#]|(?<!\s)#)+/y : /(?:[^#]|(?<!\s)#)+/y) || line[at++];
    const bare = text.trimEnd();
    put(/^[&*!]/.test(bare) ? "mark" : VALUE.test(bare) ? "value" : "text", bare);
    put("", text.slice(bare.length));
  }
  return found;
}

/** The colours behind a text. */
export class Colours {
  constructor(place) {
    this.place = place;
    this.lines = [];
    this.marks = new Map();
  }

  get count() { return this.lines.length; }

  /** How high a line is, in pixels. */
  get height() { return this.place.firstElementChild?.getBoundingClientRect().height || 20; }

  show(text) {
    const lines = text.split("\n");
    const old = this.lines;
    let from = 0;
    while (from < lines.length && from < old.length && lines[from] === old[from]) from += 1;
    let end = 0;
    while (end < Math.min(lines.length, old.length) - from && lines.at(-1 - end) === old.at(-1 - end)) end += 1;
    for (let gone = old.length - end - from; gone > 0; gone -= 1) this.place.children[from].remove();
    const behind = this.place.children[from] ?? null;
    for (let index = from; index < lines.length - end; index += 1) {
      const line = document.createElement("span");
      line.className = "line";
      this.place.insertBefore(line, behind);
    }
    this.lines = lines;
    for (let index = from; index < lines.length - end; index += 1) this.draw(index);
    // Numbers change behind what was put in or taken out.
    const last = lines.length === old.length ? lines.length - end : lines.length;
    for (let index = from; index < last; index += 1) this.place.children[index].dataset.number = String(index + 1);
  }

  /** Marks words that are wrong: each by its line, column and width. */
  wrong(places) {
    const before = [...this.marks.keys()];
    this.marks = new Map();
    for (const [line, column, width] of places) {
      if (!this.marks.has(line)) this.marks.set(line, []);
      this.marks.get(line).push([column, column + Math.max(1, width)]);
    }
    for (const line of new Set([...before, ...this.marks.keys()])) if (this.lines[line] !== undefined) this.draw(line);
  }

  draw(index) {
    const line = this.place.children[index];
    const marks = this.marks.get(index) ?? [];
    const parts = [];
    let at = 0;
    for (const [kind, text] of words(this.lines[index])) {
      const letters = [...text];
      for (const [wrong, piece] of cut(letters, at, marks)) parts.push(part(`${kind}${wrong ? " wrong-word" : ""}`.trim(), piece));
      at += letters.length;
    }
    line.classList.toggle("wrong", marks.length > 0);
    line.replaceChildren(...parts);
  }

  scroll(left, top) {
    this.place.scrollLeft = left;
    this.place.scrollTop = top;
  }
}

/** Cuts letters that begin at a column where marks begin and end. */
function cut(letters, column, marks) {
  if (marks.length === 0) return [[false, letters.join("")]];
  const pieces = [];
  letters.forEach((letter, index) => {
    const wrong = marks.some(([from, to]) => column + index >= from && column + index < to);
    if (pieces.at(-1)?.[0] === wrong) pieces.at(-1)[1] += letter;
    else pieces.push([wrong, letter]);
  });
  return pieces;
}

function part(kind, text) {
  if (!kind) return document.createTextNode(text);
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = text;
  return span;
}
