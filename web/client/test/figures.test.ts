import { describe, expect, it } from 'vitest';
import { withEnded } from '../src/figures.js';
import { sessionFigures, type SessionFields } from '../src/index.js';
import { brl, ms, session, talk, time } from './support/fixtures.js';

const counted = { id: 'call-1', asOf: time(30), elapsedSeconds: 30, cost: brl('0.4') };
const inCall: SessionFields = {
  ...session('session-1', { runningTotal: brl('5.4'), remaining: brl('2'), remainingSeconds: 100 }),
  counted,
};
const live = talk('call-1', { asOf: time(60), elapsedSeconds: 60, cost: brl('0.7') });

describe('the figures of a session', () => {
  it('are the server’s own without a call', () => {
    expect(sessionFigures(inCall, null, ms(90))).toEqual({ runningTotal: brl('5.4'), remaining: brl('2'), remainingSeconds: 100 });
    expect(sessionFigures(inCall, { ...live, sessionId: 'another' }, ms(90)).runningTotal).toEqual(brl('5.4'));
  });

  it('go on with the call from where the server had counted it', () => {
    expect(sessionFigures(inCall, live, ms(60))).toEqual({ runningTotal: brl('5.7'), remaining: brl('1.7'), remainingSeconds: 70 });
    const later = { ...live, asOf: time(120), elapsedSeconds: 120, cost: brl('1.3') };
    expect(sessionFigures(inCall, later, ms(120)).runningTotal).toEqual(brl('6.3'));
  });

  it('keep the decimals of the call’s cost', () => {
    const costly = { ...live, pricePerMinute: brl('0.1542'), cost: brl('0.6') };
    expect(sessionFigures(inCall, costly, ms(60))).toMatchObject({ runningTotal: brl('5.6000'), remaining: brl('1.8000') });
  });

  it('count the whole of a call that began after the session was read', () => {
    const before = { ...inCall, counted: null };
    expect(sessionFigures(before, live, ms(60))).toEqual({ runningTotal: brl('6.1'), remaining: brl('1.3'), remainingSeconds: 40 });
  });

  it('end at nothing left', () => {
    const poor = { ...inCall, remaining: brl('0.1'), remainingSeconds: 5 };
    expect(sessionFigures(poor, live, ms(60))).toMatchObject({ remaining: brl('0'), remainingSeconds: 0 });
  });

  it('stay null without a limit', () => {
    expect(sessionFigures({ ...inCall, remaining: null, remainingSeconds: null }, live, ms(60))).toMatchObject({ remaining: null, remainingSeconds: null });
  });

  it('contain the final cost when the call has ended', () => {
    const ended = withEnded(inCall, { ...live, state: 'ENDED', endedAt: time(70), elapsedSeconds: 70, cost: brl('0.8') }, ms(300));
    expect(sessionFigures(ended, null, ms(300))).toEqual({ runningTotal: brl('5.8'), remaining: brl('1.6'), remainingSeconds: 60 });
    expect(ended.counted).toBeNull();
  });
});
