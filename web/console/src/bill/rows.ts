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

/** The payments in the rows; null if the text of a row is not an amount. An empty row is not a payment. */
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
 * The payments as input for the API. A cash payment of zero is kept, because it tells the server that the rest is paid in cash, even if rounding
 * reduces the rest to zero.
 */
export function inputOf(rows: readonly Row[], due: bigint): PaymentInput[] {
  if (due === 0n) return [];
  return rows.flatMap((row) => {
    const [paid] = paidOf([row]) ?? [];
    if (paid === undefined || (paid.method !== 'CASH' && paid.micros === 0n)) return [];
    return [{ method: row.method, amount: decimalOf(paid.micros), ...referenceOf(row.method, row.reference) }];
  });
}
