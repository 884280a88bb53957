import type { TimeBandInput } from './generated.js';

export const DAYS = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const;
export type Day = (typeof DAYS)[number];

/** Largest number of bands in a tariff. */
export const MOST_BANDS = 16;

/** What a person has entered about a band. */
export interface BandForm {
  readonly id: number;
  readonly name: string;
  readonly days: ReadonlySet<Day>;
  readonly from: string;
  readonly to: string;
  readonly holidays: boolean;
}

export function newBand(id: number): BandForm {
  return { id, name: '', days: new Set(), from: '20:00', to: '08:00', holidays: false };
}

/** The bands as the API expects them; null if one of them never begins, because it has neither a day nor holidays. */
export function bandsOf(forms: readonly BandForm[]): readonly TimeBandInput[] | null {
  if (forms.some(({ days, holidays }) => days.size === 0 && !holidays)) return null;
  return forms.map(({ name, days, from, to, holidays }) => ({
    name: name.trim(),
    weekdays: DAYS.filter((day) => days.has(day)),
    from: `${from}:00`,
    to: `${to}:00`,
    holidays,
  }));
}

/** A day's short name, such as "Mon". */
export function dayName(day: Day, locale: string, width: 'short' | 'long'): string {
  // January 1, 2024 was a Monday
  return new Intl.DateTimeFormat(locale, { weekday: width, timeZone: 'UTC' }).format(new Date(Date.UTC(2024, 0, 1 + DAYS.indexOf(day))));
}
