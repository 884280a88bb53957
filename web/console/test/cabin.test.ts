import { describe, expect, it } from 'vitest';
import { limitUse, remaining, runningTotal, tileState } from '../src/lib/cabin.js';
import { AT, brl, callOf, sessionOf, viewOf } from './fixtures.js';

const NOW = Date.parse(AT);

describe('tileState', () => {
  it('says what happens in the cabin', () => {
    expect(tileState(viewOf(1, { session: null, liveCall: null }, 'CLOSED'))).toBe('closed');
    expect(tileState(viewOf(1, { session: sessionOf(), liveCall: null }, 'OPEN'))).toBe('open');
    expect(tileState(viewOf(1, { session: sessionOf({ state: 'CLOSING' }), liveCall: null }, 'OPEN'))).toBe('closing');
    expect(tileState(viewOf(1, { session: sessionOf(), liveCall: callOf({ state: 'AUTHORIZED' }) }, 'IN_CALL'))).toBe('dialing');
    expect(tileState(viewOf(1, { session: sessionOf(), liveCall: callOf({ state: 'RINGING' }) }, 'IN_CALL'))).toBe('ringing');
    expect(tileState(viewOf(1, { session: sessionOf(), liveCall: callOf() }, 'IN_CALL'))).toBe('talking');
    expect(tileState(viewOf(1, { session: null, liveCall: null }, 'OUT_OF_SERVICE'))).toBe('outOfService');
  });

  it('shows an emergency call from a closed cabin', () => {
    expect(tileState(viewOf(1, { session: null, liveCall: callOf({ sessionId: null, emergency: true }) }, 'CLOSED'))).toBe('talking');
  });
});

describe('runningTotal', () => {
  it('adds calls, items and the live call, and takes discounts away', () => {
    expect(runningTotal(sessionOf(), null, NOW)).toBe(4_500_000n);
    expect(runningTotal(sessionOf(), callOf(), NOW)).toBe(5_000_000n);
  });
});

describe('limitUse', () => {
  it('is null without a limit', () => {
    expect(limitUse(sessionOf(), callOf(), NOW, 0)).toBeNull();
  });

  it('counts the calls that are over and the live one', () => {
    const use = limitUse(sessionOf({ spendingLimit: brl('5') }), callOf(), NOW, 0);
    expect(use).toEqual({ kind: 'money', used: 2_500_000n, most: 5_000_000n });
    expect(use === null ? null : remaining(use)).toBe(2_500_000n);
  });

  it('takes the deposit as the limit of a prepaid session', () => {
    const use = limitUse(sessionOf({ mode: 'PREPAID', deposit: brl('2') }), callOf(), NOW, 0);
    expect(use?.kind).toBe('deposit');
    expect(use === null ? null : remaining(use)).toBe(0n);
  });

  it('shows the limit that ends first', () => {
    const both = sessionOf({ spendingLimit: brl('100'), timeLimitSeconds: 60 });
    expect(limitUse(both, callOf(), NOW, 20)).toEqual({ kind: 'time', used: 50n, most: 60n });
  });
});
