import type { PaymentInput } from '../generated.js';
import { decimalOf, parseAmount } from '../lib/money.js';
import { referenceOf, type Method, type Paid } from '../lib/settle.js';

/** One line of the payment form. */
export interface Row {
  readonly id: number;
  readonly method: Method;
  readonly typed: string;
  /** The payment's number in the bank's or the terminal's system; cash has none. */
  readonly reference: string;
}

/** The payments that the rows say; null if one of them is not an amount. An empty row pays nothing. */
export function paidOf(rows: readonly Row[]): readonly Paid[] | null {
  const paid: Paid[] = [];
  for (const { method, typed } of rows) {
    if (typed.trim() === '') continue;
    const micros = parseAmount(typed);
    if (micros === null || micros < 0n) return null;
    paid.push({ method, micros });
  }
  return paid;
}

/**
 * The payments as the API takes them. A cash payment of zero stays: it tells the server that the rest is paid in cash, even if rounding makes
 * that rest zero.
 */
export function inputOf(rows: readonly Row[], due: bigint): PaymentInput[] {
  if (due === 0n) return [];
  return rows.flatMap((row) => {
    const [paid] = paidOf([row]) ?? [];
    if (paid === undefined || (paid.method !== 'CASH' && paid.micros === 0n)) return [];
    return [{ method: row.method, amount: decimalOf(paid.micros), ...referenceOf(row.method, row.reference) }];
  });
}
