import { formatMoney, parseMoney, type Money } from '@callshop/client';

const SCALE = 6;
const MICROS = 10n ** BigInt(SCALE);

const formats = new Map<string, Intl.NumberFormat>();

function currencyFormat(locale: string, currency: string): Intl.NumberFormat {
  const key = `${locale} ${currency}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const made = new Intl.NumberFormat(locale, { style: 'currency', currency });
  formats.set(key, made);
  return made;
}

/** Number of decimals of the currency's minor unit. */
export function minorDecimals(currency: string): number {
  return currencyFormat('en', currency).resolvedOptions().maximumFractionDigits ?? 2;
}

/** Converts micros to decimal text for the API, such as "-12.5". */
export function decimalOf(micros: bigint): string {
  const absolute = micros < 0n ? -micros : micros;
  const fraction = (absolute % MICROS).toString().padStart(SCALE, '0').replace(/0+$/, '');
  const text = `${absolute / MICROS}${fraction === '' ? '' : `.${fraction}`}`;
  return micros < 0n ? `-${text}` : text;
}

export function moneyOf(micros: bigint, currency: string): Money {
  return { amount: decimalOf(micros), currency };
}

/** Rounds half away from zero, to a multiple of `step`. */
export function roundTo(micros: bigint, step: bigint): bigint {
  if (step <= 0n) return micros;
  const absolute = micros < 0n ? -micros : micros;
  const rounded = ((absolute * 2n + step) / (step * 2n)) * step;
  return micros < 0n ? -rounded : rounded;
}

/** One minor unit of the currency, in micros. */
export function minorUnit(currency: string): bigint {
  return 10n ** BigInt(Math.max(0, SCALE - minorDecimals(currency)));
}

/**
 * Formats an amount rounded to the minor unit, as customers pay it. Running costs are shown in this form, so that a tile changes only when the
 * rounded cost changes.
 */
export function cash(money: Money, locale: string): string {
  const micros = roundTo(parseMoney(money), minorUnit(money.currency));
  return formatMoney(moneyOf(micros, money.currency), locale);
}

/** Formats an amount like {@link cash}, but without decimals that are zero, for notes and round sums. */
export function roundCash(money: Money, locale: string): string {
  const isRound = minorDecimals(money.currency) > 0 && parseMoney(money) % MICROS === 0n;
  return isRound ? cash(money, locale).replace(/[.,]0+(?=\D*$)/, '') : cash(money, locale);
}

/** Formats an amount with all its digits, for prices and the lines of a bill. */
export function exact(money: Money, locale: string): string {
  return formatMoney(money, locale);
}

export function isPositive(money: Money | null | undefined): boolean {
  return money !== null && money !== undefined && parseMoney(money) > 0n;
}

export function isNegative(money: Money): boolean {
  return parseMoney(money) < 0n;
}

/**
 * Converts an amount that a user typed to micros; null if the text is not an amount. The decimals follow a comma or a point. If the text has commas
 * and points, the last of these marks begins the decimals, and the other kind of mark groups thousands.
 */
export function parseAmount(typed: string): bigint | null {
  const text = typed.replace(/[\s\u00a0]/g, '');
  const last = Math.max(text.lastIndexOf(','), text.lastIndexOf('.'));
  const separators = text.replace(/[^.,]/g, '');
  const mixed = separators.includes(',') && separators.includes('.');
  const grouped = separators.length > 1 && !mixed;
  const decimalAt = grouped ? -1 : last;
  const whole = (decimalAt < 0 ? text : text.slice(0, decimalAt)).replace(/[.,]/g, '');
  const fraction = decimalAt < 0 ? '' : text.slice(decimalAt + 1);
  if (!/^-?\d{1,12}$/.test(whole) || !/^\d{0,6}$/.test(fraction)) return null;
  const negative = whole.startsWith('-');
  const absolute = BigInt(whole.replace('-', '')) * MICROS + BigInt(fraction.padEnd(SCALE, '0'));
  return negative ? -absolute : absolute;
}

/** Formats micros as a user would type them in this locale, such as "12,50". */
export function typedAmount(micros: bigint, locale: string, currency: string): string {
  return typedDecimal(decimalOf(micros), locale, minorDecimals(currency));
}

/** Formats a decimal of the API as a user would type it in this locale, such as "12,5", with at least this number of decimals. */
export function typedDecimal(decimal: string, locale: string, decimals = 0): string {
  const [whole = '0', fraction = ''] = decimal.split('.');
  const padded = fraction.padEnd(decimals, '0');
  const comma = new Intl.NumberFormat(locale).formatToParts(1.5).find((part) => part.type === 'decimal')?.value ?? '.';
  return padded === '' ? whole : `${whole}${comma}${padded}`;
}
