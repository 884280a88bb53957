const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timeZone, made);
  return made;
}

/** How many milliseconds the clocks of the time zone are ahead of UTC at this instant. */
function offsetAt(instant: number, timeZone: string): number {
  const parts = new Map(formatOf(timeZone).formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  const shown = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return shown - Math.floor(instant / 1000) * 1000;
}

/**
 * The instant at which the clocks of a time zone show this date ("2026-12-01") and this time ("08:30"), as the API writes instants. If the clocks are
 * put forward and skip this time, the result is later by the time that the clocks skip. Null if the texts are not a date and a time.
 */
export function instantOf(date: string, time: string, timeZone: string): string | null {
  const shown = Date.parse(`${date}T${time}:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(shown)) return null;
  // until the clocks change, the offset of one day earlier applies
  const before = shown - offsetAt(shown - 86_400_000, timeZone);
  const after = shown - offsetAt(before, timeZone);
  const isShown = after + offsetAt(after, timeZone) === shown;
  return new Date(isShown ? after : before).toISOString();
}
