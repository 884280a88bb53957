import { describe, expect, it } from 'vitest';
import { limitUse, tileState } from '../src/lib/cabin.js';
import { brl, callOf, sessionOf, viewOf } from './fixtures.js';

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

describe('limitUse', () => {
  const figures = { runningTotal: brl('4.5'), remaining: null, remainingSeconds: null };

  it('is null without a limit', () => {
    expect(limitUse(sessionOf(), figures)).toBeNull();
  });

  it('shows what is left of the spending limit', () => {
    const session = sessionOf({ spendingLimit: brl('5') });
    expect(limitUse(session, { ...figures, remaining: brl('2.5') })).toEqual({ kind: 'money', left: 2_500_000n, most: 5_000_000n });
  });

  it('takes the deposit as the limit of a prepaid session', () => {
    const session = sessionOf({ mode: 'PREPAID', deposit: brl('2') });
    expect(limitUse(session, { ...figures, remaining: brl('0') })).toEqual({ kind: 'deposit', left: 0n, most: 2_000_000n });
  });

  it('shows the limit that ends first', () => {
    const both = sessionOf({ spendingLimit: brl('100'), timeLimitSeconds: 60 });
    expect(limitUse(both, { ...figures, remaining: brl('97'), remainingSeconds: 10 })).toEqual({ kind: 'time', left: 10n, most: 60n });
  });
});
