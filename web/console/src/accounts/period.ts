/** A period of whole days, both inclusive, in the API's format. */
export interface Period {
  readonly from: string;
  readonly to: string;
}

const DAY_MS = 86_400_000;

/** The month that contains this day, up to the day. */
export function monthTo(day: string): Period {
  return { from: `${day.slice(0, 7)}-01`, to: day };
}

/** The whole month before the one that contains this day. */
export function monthBefore(day: string): Period {
  const last = new Date(Date.parse(`${day.slice(0, 7)}-01T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10);
  return monthTo(last);
}

export function isPeriod({ from, to }: Period): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(from) && /^\d{4}-\d\d-\d\d$/.test(to) && from <= to;
}

export function isSame(one: Period, other: Period): boolean {
  return one.from === other.from && one.to === other.to;
}
