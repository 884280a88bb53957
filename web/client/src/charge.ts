import { parseMoney } from './money.js';
import type { CallFields } from './types.js';

/** A rule by which a tariff rounds the charge of a call, once per call. */
export interface Rounding {
  /** Number of decimals after rounding, 0 to 6. */
  readonly decimals: number;
  readonly mode: 'HALF_UP' | 'UP' | 'DOWN';
}

/** All rules that a tariff can have. A call does not say which rule applies. */
export const ROUNDINGS: readonly Rounding[] = [0, 1, 2, 3, 4, 5, 6].flatMap((decimals) =>
  (['HALF_UP', 'UP', 'DOWN'] as const).map((mode) => ({ decimals, mode })),
);

const SIXTIETHS = 60n;

/**
 * The exact charge for this many seconds of talk outside time bands, in sixtieths of a millionth, before rounding. The server adds up the
 * same parts: the fee, the initial increment at its own price, and then whole increments. Null if the call has no rate.
 */
export function exactCharge(call: CallFields, talk: number): bigint | null {
  const { pricePerMinute, initialPrice, connectionFee, minimumCharge, initialIncrement, increment, freeSeconds } = call;
  if (pricePerMinute === null || initialIncrement === null || increment === null) {
    return null;
  }
  if (talk <= 0 || talk < (freeSeconds ?? 0)) {
    return 0n;
  }
  const step = Math.max(1, increment);
  const rest = BigInt(Math.ceil(Math.max(0, talk - initialIncrement) / step) * step);
  const price = parseMoney(pricePerMinute);
  const first = initialPrice === null ? price : parseMoney(initialPrice);
  const fee = connectionFee === null ? 0n : parseMoney(connectionFee);
  const exact = fee * SIXTIETHS + first * BigInt(initialIncrement) + price * rest;
  const least = minimumCharge === null ? 0n : parseMoney(minimumCharge) * SIXTIETHS;
  return exact > least ? exact : least;
}

/** Converts an exact charge, which must not be negative, to millionths. */
export function rounded(exact: bigint, { decimals, mode }: Rounding): bigint {
  const unit = 10n ** BigInt(6 - decimals);
  const divisor = unit * SIXTIETHS;
  const rest = exact % divisor;
  const up = mode === 'HALF_UP' ? rest * 2n >= divisor : mode === 'UP' && rest > 0n;
  return (exact / divisor + (up ? 1n : 0n)) * unit;
}

/** The rules that give the same cost as the server. In a time band with another price, no rule gives the server's cost. */
export function agreeing(rules: readonly Rounding[], call: CallFields): readonly Rounding[] {
  const exact = exactCharge(call, call.elapsedSeconds);
  if (exact === null || call.state !== 'ANSWERED') {
    return rules;
  }
  const cost = parseMoney(call.cost);
  return rules.filter((rule) => rounded(exact, rule) === cost);
}

/** The charge for this many seconds, in millionths; null if these rules do not all lead to the same charge, or if there are no rules. */
export function chargeBy(rules: readonly Rounding[], call: CallFields, talk: number): bigint | null {
  const exact = exactCharge(call, talk);
  const [first, ...others] = rules;
  if (exact === null || first === undefined) {
    return null;
  }
  const charge = rounded(exact, first);
  return others.every((rule) => rounded(exact, rule) === charge) ? charge : null;
}
