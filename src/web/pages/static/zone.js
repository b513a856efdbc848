// Instants by the clocks of a zone, as fields of forms have them: 2026-11-20T22:15:00.

const formats = new Map();

/** What the clocks of a zone show at an instant, to the second. */
export function localTime(instant, zone) {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone, hourCycle: "h23",
      year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}`;
}

/** The instant at which the clocks of a zone show this; the first if they show it twice. NaN if it is no time. */
export function instantOf(text, zone) {
  const wanted = Date.parse(`${text}Z`);
  if (Number.isNaN(wanted)) return NaN;
  const beside = (instant) => Date.parse(`${localTime(instant, zone)}Z`) - instant;
  // The offset before it counts, unless the clocks have changed since.
  const first = wanted - beside(wanted - 86_400_000);
  return first + beside(first) === wanted ? first : wanted - beside(wanted);
}
