import type { Money } from './types.js';

/** Maximum number of decimals of an amount in the API. */
const SCALE = 6;
const MICROS = 10n ** BigInt(SCALE);
const AMOUNT = /^(-?)(\d+)(?:\.(\d{1,6}))?$/;

/** The exact amount, in millionths of the currency's unit. */
export function parseMoney(money: Money): bigint {
  const [, sign, whole = '', fraction = ''] = AMOUNT.exec(decimalOf(money)) ?? [];
  const micros = BigInt(whole) * MICROS + BigInt(fraction.padEnd(SCALE, '0'));
  return sign === '-' ? -micros : micros;
}

/** Converts millionths of the currency's unit to an amount. */
export function moneyOf(micros: bigint, currency: string): Money {
  const absolute = micros < 0n ? -micros : micros;
  const fraction = (absolute % MICROS).toString().padStart(SCALE, '0').replace(/0+$/, '');
  const sign = micros < 0n ? '-' : '';
  return { amount: `${sign}${absolute / MICROS}${fraction === '' ? '' : `.${fraction}`}`, currency };
}

/** Number of decimals in the text of the amount. */
export function decimalsOf({ amount }: Money): number {
  return amount.split('.')[1]?.length ?? 0;
}

/**
 * The same amount, with zeros added up to this number of decimals. The amount is unchanged if it already has this number of decimals, or if the
 * currency's minor unit has at least as many.
 */
export function withDecimals(money: Money, decimals: number): Money {
  const written = decimalsOf(money);
  if (written >= decimals || decimals <= minorDecimals(money.currency)) {
    return money;
  }
  return { ...money, amount: `${money.amount}${written === 0 ? '.' : ''}${'0'.repeat(decimals - written)}` };
}

/**
 * The amount as people of this locale write it: with the currency's number of decimals, or with more decimals if the amount has more, so that no part
 * of a price is hidden.
 */
export function formatMoney(money: Money, locale: string): string {
  const amount = decimalOf(money);
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: money.currency,
    // keep zeros at the end, which `withDecimals` added so that the number of decimals stays constant
    minimumFractionDigits: Math.max(minorDecimals(money.currency), decimalsOf(money)),
    maximumFractionDigits: SCALE,
  });
  // pass text, because the formatter then keeps every digit; a number would be rounded
  return format.format(amount);
}

const minor = new Map<string, number>();

/** Number of decimals of the currency's minor unit. */
function minorDecimals(currency: string): number {
  const known = minor.get(currency);
  if (known !== undefined) {
    return known;
  }
  const decimals = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  minor.set(currency, decimals);
  return decimals;
}

function decimalOf(money: Money): `${number}` {
  if (!isDecimal(money.amount)) {
    throw new RangeError(`"${money.amount}" is not an amount of money.`);
  }
  return money.amount;
}

function isDecimal(text: string): text is `${number}` {
  return AMOUNT.test(text);
}
