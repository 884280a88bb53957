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
    // leave out former codes, such as East Germany's, which are aliases of current codes
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
  /** The country's name in the reader's language. If the destination's name does not begin with a country, the unchanged name. */
  readonly name: string;
  /** Whether the destination's name in the price list says that its numbers are mobile numbers. */
  readonly mobile: boolean;
  /** The rest of the name after the country, such as the network; may be empty. */
  readonly detail: string;
}

/**
 * A price list names destinations in English. This function reads the country at the beginning of a destination's name, so that the country can be
 * shown in another language. `country` is the server's country code for the numbers, which decides; if it is null, the country comes from the name.
 */
export function readDestination(destination: string, country: string | null, locale: string): Destination {
  const lower = destination.toLowerCase();
  const match = englishNames().find(
    ([name]) => lower.startsWith(name.toLowerCase()) && !/^[\p{L}-]/u.test(destination.slice(name.length)),
  );
  if (match === undefined) return { country, name: destination, mobile: false, detail: '' };
  const rest = destination.slice(match[0].length).replace(/^[\s,–-]+/, '');
  const mobile = /^mobile\b/i.test(rest);
  // price lists name some countries after a larger one with the same code, as the Bahamas after the United States
  const place = country ?? match[1];
  return {
    country: place,
    name: countryNames(locale).of(place) ?? destination,
    mobile,
    detail: mobile ? rest.slice('mobile'.length).replace(/^[\s,–-]+/, '') : rest,
  };
}

/** The flag as an emoji, which consists of two regional indicator letters. */
export function flagOf(country: string): string {
  return String.fromCodePoint(...Array.from(country, (letter) => 0x1f1e6 + letter.charCodeAt(0) - 65));
}

function simple(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** Translates a country's name from the page's language to English, the language of price lists. Returns any other text unchanged. */
export function englishDestination(typed: string, locale: string): string {
  const wanted = simple(typed.trim());
  if (wanted === '') return typed;
  const match = englishNames().find(([, country]) => simple(countryNames(locale).of(country) ?? '').startsWith(wanted));
  return match?.[0] ?? typed;
}
