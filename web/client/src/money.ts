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

/**
 * The amount as people of this locale write it: with the currency's decimals, and with more only if the amount has more, so that
 * no part of a price is hidden.
 */
export function formatMoney(money: Money, locale: string): string {
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: money.currency,
    maximumFractionDigits: SCALE,
  });
  // given text, the formatter keeps every digit; a number would round
  return format.format(decimalOf(money));
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
