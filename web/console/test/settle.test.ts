import { describe, expect, it } from 'vitest';
import { isSettled, likelyNotes, settlement } from '../src/lib/settle.js';

const real = (text: string): bigint => BigInt(Math.round(Number(text) * 100)) * 10_000n;
const cash = (text: string) => ({ method: 'CASH' as const, micros: real(text) });
const card = (text: string) => ({ method: 'CARD' as const, micros: real(text) });

describe('settlement', () => {
  it('gives change only from cash', () => {
    expect(settlement(real('5.46'), [cash('20')], null)).toEqual({
      cashDue: real('5.46'),
      change: real('14.54'),
      missing: 0n,
      excess: 0n,
      rounding: 0n,
    });
    const over = settlement(real('5.46'), [card('6')], null);
    expect(over.excess).toBe(real('0.54'));
    expect(isSettled(over)).toBe(false);
  });

  it('lets cash cover what other methods leave', () => {
    const split = settlement(real('10'), [card('4.50'), cash('10')], null);
    expect(split.change).toBe(real('4.50'));
    expect(isSettled(split)).toBe(true);
  });

  it('says what is missing', () => {
    const short = settlement(real('10'), [cash('9.99')], null);
    expect(short.missing).toBe(real('0.01'));
    expect(isSettled(short)).toBe(false);
    expect(settlement(real('10'), [], null).missing).toBe(real('10'));
  });

  it('rounds only a part paid in cash, half up, to the smallest coin', () => {
    const step = real('0.05');
    expect(settlement(real('5.46'), [cash('10')], step)).toMatchObject({ cashDue: real('5.45'), change: real('4.55'), rounding: -real('0.01') });
    expect(settlement(real('5.475'), [cash('10')], step).cashDue).toBe(real('5.50'));
    expect(settlement(real('5.46'), [card('5.46')], step)).toMatchObject({ rounding: 0n, missing: 0n });
  });

  it('needs no payment for a rest that rounding takes away', () => {
    expect(isSettled(settlement(real('0.02'), [cash('0')], real('0.05')))).toBe(true);
    expect(isSettled(settlement(real('0.02'), [], real('0.05')))).toBe(false);
  });

  it('stays exact where a float would not', () => {
    const due = 9_007_199_254_740_993_000_001n;
    expect(settlement(due, [{ method: 'CASH', micros: due + 1n }], null).change).toBe(1n);
  });

  it('proposes the amount and the next notes, each once', () => {
    expect(likelyNotes(real('5.46'))).toEqual(['5.46', '10', '20', '50', '100'].map(real));
    expect(likelyNotes(real('50'))).toEqual([real('50'), real('60'), real('100'), real('200')]);
  });
});
