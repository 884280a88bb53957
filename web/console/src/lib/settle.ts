import { roundTo } from './money.js';

export type Method = 'CASH' | 'CARD' | 'PIX' | 'OTHER';

export const METHODS: readonly Method[] = ['CASH', 'PIX', 'CARD', 'OTHER'];

/** A payment's reference as input for the API. Cash has no reference, and an empty reference is omitted. */
export function referenceOf(method: Method, typed: string): { readonly reference?: string } {
  const reference = typed.trim();
  return method === 'CASH' || reference === '' ? {} : { reference };
}

export interface Paid {
  readonly method: Method;
  readonly micros: bigint;
}

export interface Settlement {
  /** The amount to pay in cash, rounded to the shop's smallest coin. */
  readonly cashDue: bigint;
  readonly change: bigint;
  /** The amount still missing; zero if the bill is covered. */
  readonly missing: bigint;
  /** The amount by which card, Pix and other payments exceed the bill. This amount must be zero, because change is given only for cash. */
  readonly excess: bigint;
  /** The amount that rounding adds to the bill; negative if rounding reduces it. */
  readonly rounding: bigint;
}

function sum(payments: readonly Paid[]): bigint {
  return payments.reduce((total, payment) => total + payment.micros, 0n);
}

/** Applies the server's rule before the payment is sent: other methods count in full, and cash covers the rest and gives change. */
export function settlement(due: bigint, payments: readonly Paid[], cashStep: bigint | null): Settlement {
  const inCash = payments.filter((payment) => payment.method === 'CASH');
  const others = sum(payments.filter((payment) => payment.method !== 'CASH'));
  const rest = due - others;
  if (rest < 0n) return { cashDue: 0n, change: 0n, missing: 0n, excess: -rest, rounding: 0n };
  const cashDue = inCash.length > 0 && cashStep !== null ? roundTo(rest, cashStep) : rest;
  const left = sum(inCash) - cashDue;
  return {
    cashDue,
    change: left > 0n ? left : 0n,
    missing: left < 0n ? -left : 0n,
    excess: 0n,
    rounding: cashDue - rest,
  };
}

export function isSettled(result: Settlement): boolean {
  return result.missing === 0n && result.excess === 0n;
}

/** Amounts that a customer is likely to hand over: the exact amount, then the next round amounts. */
export function likelyNotes(due: bigint): readonly bigint[] {
  const unit = 1_000_000n;
  const steps = [5n, 10n, 20n, 50n, 100n, 200n].map((note) => note * unit);
  const next = steps.map((step) => ((due + step - 1n) / step) * step).filter((amount) => amount > due);
  return [due, ...new Set(next)].slice(0, 5);
}
