import { describe, expect, it } from 'vitest';
import { endingOf, limitUse, tileState } from '../src/lib/cabin.js';
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

describe('endingOf', () => {
  const none = { runningTotal: brl('4.5'), remaining: null, remainingSeconds: null };
  const at = { elapsed: 30, cost: brl('0.5') };
  /** A call with this many paid seconds left. */
  const ending = (left: number) => callOf({ endingSoon: true, maxSeconds: at.elapsed + left });

  it('is null until the server announces the end', () => {
    expect(endingOf(sessionOf(), callOf({ maxSeconds: 40 }), { ...none, remainingSeconds: 10 }, at, 60)).toBeNull();
    expect(endingOf(sessionOf({ depositLow: true }), callOf({ state: 'RINGING' }), none, at, 60)).toBeNull();
  });

  it('counts down what the limits leave at the price of the call', () => {
    expect(endingOf(sessionOf(), ending(15), { ...none, remainingSeconds: 50 }, at, 60)).toEqual({ reason: 'other', seconds: 50 });
    expect(endingOf(sessionOf(), ending(15), { ...none, remaining: brl('0.5') }, at, 60)).toEqual({ reason: 'other', seconds: 30 });
    expect(endingOf(sessionOf(), ending(15), { ...none, remaining: brl('0.5'), remainingSeconds: 20 }, at, 60)).toEqual({ reason: 'other', seconds: 20 });
  });

  it('never says less than what is paid', () => {
    expect(endingOf(sessionOf(), ending(15), { ...none, remaining: brl('0') }, at, 60)).toEqual({ reason: 'other', seconds: 15 });
  });

  it('counts on between two steps of the cost', () => {
    const left = (elapsed: number) => endingOf(sessionOf(), ending(15), { ...none, remaining: brl('0.5') }, { ...at, elapsed }, 60)?.seconds;
    expect([left(30), left(31), left(44)]).toEqual([30, 29, 16]);
    const withFee = callOf({ endingSoon: true, maxSeconds: 45, connectionFee: brl('0.2') });
    expect(endingOf(sessionOf(), withFee, { ...none, remaining: brl('0.5') }, at, 60)?.seconds).toBe(18);
  });

  it('names the deposit', () => {
    const session = sessionOf({ mode: 'PREPAID', deposit: brl('5'), depositLow: true });
    expect(endingOf(session, callOf({ maxSeconds: 45 }), { ...none, remaining: brl('0.75') }, at, 60)).toEqual({ reason: 'deposit', seconds: 45 });
  });

  it('leaves the time open if it is the credit of the shop that ends', () => {
    expect(endingOf(sessionOf(), ending(15), none, at, 60)).toEqual({ reason: 'other', seconds: null });
    expect(endingOf(null, ending(15), null, at, 60)).toEqual({ reason: 'other', seconds: null });
  });

  it('counts down what the server says, once the server has said it', () => {
    const call = { ...ending(15), reachSeconds: at.elapsed + 22 };
    expect(endingOf(null, call, null, at, 60)).toEqual({ reason: 'other', seconds: 22 });
    expect(endingOf(sessionOf(), call, { ...none, remaining: brl('0.5') }, at, 60)).toEqual({ reason: 'other', seconds: 22 });
    expect(endingOf(null, { ...call, maxSeconds: at.elapsed + 25 }, null, at, 60)?.seconds).toBe(25);
    expect(endingOf(null, { ...call, reachSeconds: at.elapsed + 90 }, null, at, 60)).toBeNull();
    expect(endingOf(sessionOf(), call, { ...none, remaining: brl('5') }, at, 60)).toBeNull();
  });

  it('is null again when the call may go on', () => {
    expect(endingOf(sessionOf(), ending(61), none, at, 60)).toBeNull();
    expect(endingOf(sessionOf(), ending(15), { ...none, remaining: brl('5') }, at, 60)).toBeNull();
  });
});
