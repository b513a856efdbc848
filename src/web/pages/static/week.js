// The coming week as a timetable, if the screen is wide enough, in the zones of the shows or of the viewer. The airings
// are those of the list in the page: they are moved, not drawn again.
const ZONE = "aircheck:zone";
const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
/** The shortest block that can be read, in minutes. */
const SHORTEST = 30;
/** A block of fewer minutes has room for one line. */
const BRIEF = 50;
const HOUR = 60;

/** Returns the day and the minute of an instant by the clocks of a zone. */
function local(instant, zone) {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  }).formatToParts(new Date(instant));
  const part = (type) => parts.find((one) => one.type === type).value;
  return { day: `${part("year")}-${part("month")}-${part("day")}`, minute: part("hour") * HOUR + Number(part("minute")) };
}

const two = (number) => String(number).padStart(2, "0");
const time = (minute) => `${two(Math.floor(minute / HOUR))}:${two(minute % HOUR)}`;
/** Returns the position of a minute in a timetable of these hours: 0 at the top, 1 at the bottom. */
const at = (minute, first, last) => (minute - first * HOUR) / ((last - first) * HOUR);
/** How often the line of this moment moves, in milliseconds. */
const MOVES = 20_000;
/** Moves the line to this moment. */
let tick = null;
setInterval(() => tick?.(), MOVES);

/** Lays the week out. */
export function week(part) {
  const root = part.querySelector(".week") ?? part.closest(".week");
  if (!root) return;
  const zones = root.querySelector(".zones");
  const slots = [...root.querySelectorAll(".slot")];
  const abroad = slots.some((slot) => slot.dataset.zone !== mine);
  if (zones) {
    zones.hidden = !abroad;
    const chosen = localStorage.getItem(ZONE) === "mine" ? "mine" : "show";
    for (const input of zones.querySelectorAll("input")) {
      input.checked = input.value === chosen;
      input.onchange = () => { localStorage.setItem(ZONE, input.value); week(document.getElementById("content")); };
    }
    zones.querySelector("[data-mine]").textContent = mine.replaceAll("_", " ");
  }
  const own = abroad && zones?.querySelector("[value=mine]").checked;
  const placed = slots.map((slot) => {
    const zone = own ? mine : slot.dataset.zone;
    const [start, end] = [local(slot.dataset.start, zone), local(slot.dataset.end, zone)];
    slot.querySelector("[data-from]").textContent = time(start.minute);
    slot.querySelector("[data-to]").textContent = time(end.minute);
    const length = (new Date(slot.dataset.end) - new Date(slot.dataset.start)) / 60_000;
    slot.classList.toggle("brief", length < BRIEF);
    slot.querySelector(".zone").hidden = own || zone === mine;
    return { slot, day: start.day, from: start.minute, to: Math.min(24 * HOUR, start.minute + Math.max(length, 1)) };
  });
  placed.sort((a, b) => a.day.localeCompare(b.day) || a.from - b.from);
  const days = sections(root, placed);
  const first = Math.floor(Math.min(...placed.map((one) => one.from), 24 * HOUR) / HOUR);
  const last = Math.ceil(Math.max(...placed.map((one) => one.to), first * HOUR + HOUR) / HOUR);
  root.classList.toggle("laid", placed.length > 0);
  root.style.setProperty("--hours", String(last - first));
  hours(root, first, last);
  for (const [day, section] of days) {
    const today = placed.filter((one) => one.day === day);
    section.hidden = false;
    arrange(section.querySelector(".rows"), today.map((one) => one.slot));
    lanes(today, first, last);
  }
  // Columns of several zones have no common moment.
  const clocks = new Set(own ? [mine] : slots.map((slot) => slot.dataset.zone));
  tick = () => moment(days, clocks.size === 1 ? [...clocks][0] : null, first, last);
  tick();
  // A page that opens scrolls to this moment; one that is open already stays where it is.
  if (root.dataset.seen) return;
  root.dataset.seen = "yes";
  const present = root.querySelector(".moment") ?? root.querySelector(".slot.recording");
  if (matchMedia("(min-width: 72rem)").matches) requestAnimationFrame(() => present?.scrollIntoView({ block: "center" }));
}

/** Adds a line at this moment by the clocks of a zone, if the timetable shows it. */
function moment(days, zone, first, last) {
  const { day, minute } = local(Date.now(), zone ?? mine);
  const section = days.get(day);
  const there = zone && section && minute >= first * HOUR && minute <= last * HOUR;
  for (const line of document.querySelectorAll(".moment")) if (!there || line.parentElement !== section) line.remove();
  for (const [date, one] of days) one.classList.toggle("today", Boolean(zone) && date === day);
  if (!there) return;
  let line = section.querySelector(".moment");
  if (!line) {
    line = document.createElement("div");
    line.className = "moment";
    section.append(line);
  }
  line.style.setProperty("--at", String(at(minute, first, last)));
}

/** Orders children. Those in order are not touched, because a moved element loses its focus. */
function arrange(parent, children) {
  if (children.some((child, place) => parent.children[place] !== child)) parent.append(...children);
}

/** Returns a section for each day, in order; the page has those in the zones of the shows, and words for others. */
function sections(root, placed) {
  const days = new Map();
  const grid = root.querySelector(".days");
  const have = new Map([...grid.querySelectorAll(".day")].map((day) => [day.dataset.key, day]));
  for (const day of [...new Set(placed.map((one) => one.day))].sort()) {
    days.set(day, have.get(day) ?? another(grid, day));
  }
  arrange(grid, [...days.values()]);
  for (const [day, section] of have) section.hidden = !days.has(day);
  grid.style.setProperty("--days", String(days.size));
  return days;
}

function another(grid, day) {
  const section = grid.querySelector(".day").cloneNode(true);
  section.dataset.key = day;
  section.querySelector(".rows").replaceChildren();
  const heading = section.querySelector("h2");
  heading.id = `day-${day}`;
  section.setAttribute("aria-labelledby", heading.id);
  const said = (style) => new Intl.DateTimeFormat(document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang, {
    timeZone: "UTC", ...style,
  }).format(new Date(`${day}T00:00:00Z`));
  heading.querySelector("time").dateTime = day;
  heading.querySelector(".long").textContent = said({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  heading.querySelector(".short").textContent = said({ weekday: "short", day: "numeric", month: "short" });
  return section;
}

/** Returns the hours at the side. */
function hours(root, first, last) {
  const side = root.querySelector(".hours");
  side.replaceChildren(...Array.from({ length: last - first }, (_, hour) => {
    const label = document.createElement("span");
    label.textContent = time((first + hour) * HOUR);
    return label;
  }));
}

/** Returns the next lane to the right that is used while `one` is on the air; null if there is none. */
function room(one, group) {
  const taken = group.filter((other) => other.lane > one.lane && other.from < one.seen && other.seen > one.from);
  return taken.length > 0 ? Math.min(...taken.map((other) => other.lane)) : null;
}

/** Places airings side by side that are on the air at the same time. */
function lanes(today, first, last) {
  let group = [];
  let ends = [];
  const finish = () => {
    for (const one of group) {
      const set = (name, value) => one.slot.style.setProperty(name, value);
      set("--top", `${at(one.from, first, last) * 100}%`);
      set("--height", `${(at(one.seen, first, last) - at(one.from, first, last)) * 100}%`);
      set("--left", `${(one.lane / ends.length) * 100}%`);
      const share = (room(one, group) ?? ends.length) - one.lane;
      set("--width", `${(100 * share) / ends.length}%`);
      one.slot.classList.toggle("half", share / ends.length < 0.6);
      one.slot.classList.toggle("narrow", share / ends.length < 0.4);
    }
    [group, ends] = [[], []];
  };
  for (const one of today) {
    one.seen = Math.max(one.to, one.from + SHORTEST);
    if (ends.every((end) => end <= one.from)) finish();
    const free = ends.findIndex((end) => end <= one.from);
    one.lane = free < 0 ? ends.length : free;
    ends[one.lane] = one.seen;
    group.push(one);
  }
  finish();
}
