const names = new Map<string, Intl.DisplayNames>();

function countryNames(locale: string): Intl.DisplayNames {
  const known = names.get(locale);
  if (known !== undefined) return known;
  const made = new Intl.DisplayNames(locale, { type: 'region' });
  names.set(locale, made);
  return made;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** English names, longest first, so that "Guinea-Bissau" is not read as "Guinea". */
let english: readonly (readonly [string, string])[] | null = null;

function englishNames(): readonly (readonly [string, string])[] {
  const known = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  english ??= Array.from(LETTERS, (first) => Array.from(LETTERS, (second) => first + second))
    .flat()
    // a code of the past, such as that of East Germany, stands for another one
    .filter((country) => new Intl.Locale(`und-${country}`).region === country)
    .flatMap((country) => {
      const name = known.of(country);
      return name === undefined ? [] : [[name, country] as const];
    })
    .sort(([left], [right]) => right.length - left.length);
  return english;
}

export interface Destination {
  readonly country: string | null;
  /** The country's name in the reader's language. If the name names no country, it is left as it is. */
  readonly name: string;
  /** Whether the price list says that these are mobile phones. */
  readonly mobile: boolean;
  /** What else follows the country, such as the network. Empty if nothing does. */
  readonly detail: string;
}

/**
 * A price list names destinations in English. This function reads the country at the beginning of a destination's name, so that the country can be
 * shown in another language. `country` is what the server says of the numbers; if it says nothing, the name decides.
 */
export function readDestination(destination: string, country: string | null, locale: string): Destination {
  const lower = destination.toLowerCase();
  const match = englishNames().find(
    ([name]) => lower.startsWith(name.toLowerCase()) && !/^[\p{L}-]/u.test(destination.slice(name.length)),
  );
  if (match === undefined) return { country, name: destination, mobile: false, detail: '' };
  const rest = destination.slice(match[0].length).replace(/^[\s,–-]+/, '');
  const mobile = /^mobile\b/i.test(rest);
  return {
    country: country ?? match[1],
    name: countryNames(locale).of(match[1]) ?? destination,
    mobile,
    detail: mobile ? rest.slice('mobile'.length).replace(/^[\s,–-]+/, '') : rest,
  };
}

/** The flag as an emoji: two letters of a special alphabet. */
export function flagOf(country: string): string {
  return String.fromCodePoint(...Array.from(country, (letter) => 0x1f1e6 + letter.charCodeAt(0) - 65));
}

function simple(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** A country that somebody typed in their own language, as price lists name it: in English. Anything else stays as it is. */
export function englishDestination(typed: string, locale: string): string {
  const wanted = simple(typed.trim());
  if (wanted === '') return typed;
  const match = englishNames().find(([, country]) => simple(countryNames(locale).of(country) ?? '').startsWith(wanted));
  return match?.[0] ?? typed;
}
