import { parseMoney, type Money } from '@callshop/client';
import { moneyOf } from '../lib/money.js';
import type { AccountStatementLineKind, AccountStatementFieldsFragment } from './generated.js';

export interface Sum {
  readonly kind: AccountStatementLineKind;
  readonly amount: Money;
}

/** The sum of each kind of line that the statement has, in the order of the statement. */
export function sumsOf({ lines, opening: { currency } }: Pick<AccountStatementFieldsFragment, 'lines' | 'opening'>): readonly Sum[] {
  const sums = new Map<AccountStatementLineKind, bigint>();
  for (const { kind, amount } of lines) sums.set(kind, (sums.get(kind) ?? 0n) + parseMoney(amount));
  return Array.from(sums, ([kind, micros]) => ({ kind, amount: moneyOf(micros, currency) }));
}
