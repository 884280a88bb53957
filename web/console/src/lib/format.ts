/** Seconds as `m:ss`, or `h:mm:ss` from one hour on. */
export function clock(totalSeconds: number): string {
  const whole = Math.max(0, Math.floor(totalSeconds));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => value.toString().padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** Converts a duration that a person typed to seconds: "10" is 10 minutes, and "1:30" is 1 minute and 30 seconds. Null for any other text. */
export function parseDuration(typed: string): number | null {
  const match = /^(?:(\d{1,2}):)?(\d{1,4})(?::(\d{2}))?$/.exec(typed.trim());
  if (match === null) return null;
  const [, first, middle = '0', last] = match;
  if (first === undefined && last === undefined) return Number(middle) * 60;
  if (first !== undefined && last === undefined) return Number(first) * 60 + Number(middle);
  return Number(first ?? 0) * 3600 + Number(middle) * 60 + Number(last ?? 0);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(locale: string, timeZone: string, style: 'time' | 'date' | 'both'): Intl.DateTimeFormat {
  const key = `${locale} ${timeZone} ${style}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const date = { day: '2-digit', month: '2-digit', year: 'numeric' } as const;
  const time = { hour: locale.startsWith('en') ? 'numeric' : '2-digit', minute: '2-digit' } as const;
  const made = new Intl.DateTimeFormat(locale, {
    timeZone,
    ...(style === 'time' ? {} : date),
    ...(style === 'date' ? {} : time),
  });
  formats.set(key, made);
  return made;
}

export function timeOfDay(instant: string, locale: string, timeZone: string): string {
  return dateFormat(locale, timeZone, 'time').format(new Date(instant));
}

export function dateAndTime(instant: string, locale: string, timeZone: string): string {
  return dateFormat(locale, timeZone, 'both').format(new Date(instant));
}

/** Formats a calendar date of the API, such as "2026-11-28", without converting time zones. */
export function calendarDate(date: string, locale: string): string {
  return dateFormat(locale, 'UTC', 'date').format(new Date(`${date}T00:00:00Z`));
}

/** Today's date in the shop's time zone, in the API's format. */
export function today(timeZone: string, now: Date, daysBack = 0): string {
  const then = new Date(now.getTime() - daysBack * 86_400_000);
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(then);
}

export function count(value: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(value);
}

/** Formats a decimal number of the API, such as "-12.5", with all its digits. Not for money. */
export function decimal(value: string, locale: string): string {
  // pass text, because a number would lose digits
  return isDecimal(value) ? new Intl.NumberFormat(locale, { maximumFractionDigits: 6 }).format(value) : value;
}

function isDecimal(text: string): text is `${number}` {
  return /^-?\d+(\.\d+)?$/.test(text);
}

/** Formats a ratio of the API, such as "0.6667", as a percentage. A float is precise enough, because the ratio is not money. */
export function percent(ratio: string | null, locale: string): string {
  if (ratio === null) return '–';
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(Number(ratio));
}

/** Formats a percentage of the API, such as "-12.5", with all its digits. */
export function percentage(value: string, locale: string): string {
  const sample = new Intl.NumberFormat(locale, { style: 'percent' }).format(0);
  return `${decimal(value, locale)}${sample.slice(1)}`;
}
