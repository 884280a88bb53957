import type { Money } from './types.js';

/** Decimals of an amount on the wire. */
const SCALE = 6;
const MICROS = 10n ** BigInt(SCALE);
const AMOUNT = /^(-?)(\d+)(?:\.(\d{1,6}))?$/;

/** The amount in millionths of the currency's unit, exactly. */
export function parseMoney(money: Money): bigint {
  const [, sign, whole = '', fraction = ''] = AMOUNT.exec(decimalOf(money)) ?? [];
  const micros = BigInt(whole) * MICROS + BigInt(fraction.padEnd(SCALE, '0'));
  return sign === '-' ? -micros : micros;
}

/** The money of that many millionths. */
export function moneyOf(micros: bigint, currency: string): Money {
  const absolute = micros < 0n ? -micros : micros;
  const fraction = (absolute % MICROS).toString().padStart(SCALE, '0').replace(/0+$/, '');
  const sign = micros < 0n ? '-' : '';
  return { amount: `${sign}${absolute / MICROS}${fraction === '' ? '' : `.${fraction}`}`, currency };
}

/** Decimals of the amount as it is written. */
export function decimalsOf({ amount }: Money): number {
  return amount.split('.')[1]?.length ?? 0;
}

/** The same amount, written with this many decimals if it is written with fewer, and if that is more than the currency's coins have. */
export function withDecimals(money: Money, decimals: number): Money {
  const written = decimalsOf(money);
  if (written >= decimals || decimals <= minorDecimals(money.currency)) {
    return money;
  }
  return { ...money, amount: `${money.amount}${written === 0 ? '.' : ''}${'0'.repeat(decimals - written)}` };
}

/**
 * The amount as people of this locale write it: with the currency's decimals, and with more only if the amount has more, so that
 * no part of a price is hidden.
 */
export function formatMoney(money: Money, locale: string): string {
  const amount = decimalOf(money);
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: money.currency,
    // zeros at the end are there to keep the number of decimals
    minimumFractionDigits: Math.max(minorDecimals(money.currency), decimalsOf(money)),
    maximumFractionDigits: SCALE,
  });
  // given text, the formatter keeps every digit; a number would round
  return format.format(amount);
}

const minor = new Map<string, number>();

/** Decimals of the currency's coins. */
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
