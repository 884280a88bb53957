import { describe, expect, it } from 'vitest';
import { afterAnswer, afterCosts, afterCounter, afterEvent, boardOf, mustAsk, questionOf, type Board, type Counter } from '../src/board.js';
import { elapsedSeconds, type ActivityEvent, type CabinView } from '../src/index.js';
import { brl, cabin, call, event, ms, session, talk, time } from './support/fixtures.js';

const arrival = { now: ms(0), skewMs: 0 };

const COUNTER: Counter = { register: null, unpaid: [] };

function start(cabins = [cabin(2), cabin(1, { state: 'OPEN', currentSession: session('session-1') })], liveCalls = [] as ReturnType<typeof call>[]): Board {
  return boardOf({ asOf: time(0), cabins, liveCalls, counter: COUNTER }, 'cursor-0', null, arrival);
}

function after(board: Board, ...events: readonly ActivityEvent[]): Board {
  return events.reduce((before, one) => afterEvent(before, one, `cursor-${one.seq}`, arrival), board);
}

function view(board: Board, number = 1): CabinView {
  const found = board.cabins.find((one) => one.cabin.number === number);
  if (found === undefined) {
    throw new Error(`There is no cabin ${number}.`);
  }
  return found;
}

describe('a snapshot', () => {
  it('shows the cabins by number, each with its session and its call', () => {
    const board = start(undefined, [talk('call-1')]);
    expect(board.cabins.map((one) => one.cabin.number)).toEqual([1, 2]);
    expect(view(board).session?.id).toBe('session-1');
    expect(view(board).liveCall?.id).toBe('call-1');
    expect(view(board).cabin).not.toHaveProperty('currentSession');
    expect(board).toMatchObject({ cursor: 'cursor-0', seq: 0, asOf: time(0) });
  });

  it('replaces everything, also in the middle', () => {
    const before = after(start(), event(7, 'CABIN_CHANGED'), event(8, 'CALL_ANSWERED', { call: talk('call-1') }));
    const board = boardOf({ asOf: time(60), cabins: [cabin(3)], liveCalls: [], counter: COUNTER }, 'cursor-60', before, arrival);
    expect(board.cabins.map((one) => one.cabin.number)).toEqual([3]);
    expect([board.touched.size, board.liveCalls.size, board.seq]).toEqual([0, 0, 0]);
    // the events of another database may be numbered from 1 again
    expect(after(board, event(1, 'PHONE_OFFLINE', { cabinId: 'cabin-3' })).cursor).toBe('cursor-1');
  });

  it('does not turn back the clock of a call that goes on', () => {
    const before = start(undefined, [talk('call-1')]);
    const snapshot = { asOf: time(28), cabins: [cabin(1)], liveCalls: [talk('call-1', { asOf: time(28), elapsedSeconds: 28 })], counter: COUNTER };
    const board = boardOf(snapshot, 'cursor-9', before, { now: ms(30), skewMs: 2_000 });
    expect(elapsedSeconds(board.cabins[0]?.liveCall ?? call('none'), ms(30))).toBe(30);
  });
});

describe('a call', () => {
  it('lives from its authorization to its end', () => {
    const states = [];
    let board = start();
    for (const one of [
      event(1, 'CALL_AUTHORIZED', { call: call('call-1') }),
      event(2, 'CALL_RINGING', { call: call('call-1', { state: 'RINGING' }) }),
      event(3, 'CALL_ANSWERED', { call: talk('call-1') }),
      event(4, 'CALL_EXTENDED', { call: talk('call-1', { maxSeconds: 7200 }) }),
      event(5, 'CALL_ENDED', { call: talk('call-1', { state: 'ENDED', endedAt: time(5) }) }),
    ]) {
      board = after(board, one);
      states.push([view(board).cabin.state, view(board).liveCall?.state, view(board).liveCall?.maxSeconds, board.touched.has('cabin-1')]);
    }
    expect(states).toEqual([
      ['IN_CALL', 'AUTHORIZED', 3600, false],
      ['IN_CALL', 'RINGING', 3600, false],
      ['IN_CALL', 'ANSWERED', 3600, false],
      ['IN_CALL', 'ANSWERED', 7200, false],
      // the bill has grown
      ['OPEN', undefined, undefined, true],
    ]);
  });

  it.each(['FAILED', 'ABANDONED'] as const)('that %s changes no bill', (state) => {
    const board = after(start(), event(1, 'CALL_AUTHORIZED', { call: call('a') }), event(2, `CALL_${state}`, { call: call('a', { state }) }));
    expect([view(board).cabin.state, view(board).liveCall, board.touched.size]).toEqual(['OPEN', null, 0]);
  });

  it('that was refused never lives', () => {
    const board = after(start(), event(1, 'CALL_REFUSED', { call: call('a', { state: 'REFUSED' }) }));
    expect([view(board).liveCall, board.liveCalls.size, view(board).cabin.state]).toEqual([null, 0, 'OPEN']);
  });

  it('from a closed cabin leaves it as only the server knows', () => {
    const emergency = { cabinId: 'cabin-2', sessionId: null, emergency: true };
    let board = start([cabin(2, { state: 'OUT_OF_SERVICE' })]);
    board = after(board, event(1, 'CALL_AUTHORIZED', { cabinId: 'cabin-2', call: call('a', emergency) }));
    expect(view(board, 2).cabin.state).toBe('IN_CALL');
    board = after(board, event(2, 'CALL_FAILED', { cabinId: 'cabin-2', call: call('a', { ...emergency, state: 'FAILED' }) }));
    expect(board.touched).toEqual(new Set(['cabin-2']));
    board = afterAnswer(board, questionOf(board, 50), [cabin(2, { state: 'OUT_OF_SERVICE' })]);
    expect(view(board, 2).cabin.state).toBe('OUT_OF_SERVICE');
  });

  it('of a phone without a cabin shows on no tile', () => {
    const board = after(start(), event(1, 'CALL_ANSWERED', { cabinId: null, call: talk('a', { cabinId: null }) }));
    expect(board.cabins).toEqual(start().cabins);
    expect(board.liveCalls.size).toBe(1);
  });

  it('that is being charged is shown before a newer one that is not', () => {
    const board = after(
      start(),
      event(1, 'CALL_ANSWERED', { call: talk('talking') }),
      event(2, 'CALL_AUTHORIZED', { call: call('newer', { authorizedAt: time(9) }) }),
    );
    expect(view(board).liveCall?.id).toBe('talking');
    const ended = after(board, event(3, 'CALL_ENDED', { call: talk('talking', { state: 'ENDED' }) }));
    expect([view(ended).liveCall?.id, view(ended).cabin.state]).toEqual(['newer', 'IN_CALL']);
  });
});

describe('an event', () => {
  it('that comes again changes nothing', () => {
    const board = after(start(), event(1, 'PHONE_OFFLINE'), event(2, 'PHONE_ONLINE'));
    expect(after(board, event(1, 'PHONE_OFFLINE'))).toBe(board);
    expect(after(board, event(2, 'PHONE_OFFLINE'))).toBe(board);
  });

  it('leaves the other cabins as they are, the same objects', () => {
    const before = start();
    const board = after(before, event(1, 'PHONE_OFFLINE'));
    expect(view(board, 2)).toBe(view(before, 2));
    expect(view(board).cabin.phoneOnline).toBe(false);
    expect(view(before).cabin.phoneOnline).toBe(true);
  });

  it.each(['CALL_ENDING_SOON', 'DEPOSIT_LOW'] as const)('%s tells the call, and the board does not ask', (kind) => {
    const board = after(start(), event(1, kind, { call: talk('call-1', { maxSeconds: 90 }) }));
    expect([view(board).liveCall?.maxSeconds, board.touched.size]).toEqual([90, 0]);
  });

  it('of a deposit that is nearly used up marks that session', () => {
    const low = after(start(), event(1, 'DEPOSIT_LOW', { sessionId: 'session-1', call: talk('call-1') }));
    expect([view(low).session?.depositLow, low.touched.size]).toEqual([true, 0]);
    expect(view(after(start(), event(1, 'DEPOSIT_LOW', { sessionId: 'another' }))).session?.depositLow).toBe(false);
  });

  it.each(['REGISTER_OPENED', 'REGISTER_CLOSED', 'CREDIT_LOW'] as const)('%s moves only the cursor', (kind) => {
    const before = start();
    const board = after(before, event(1, kind, { cabinId: null }));
    expect(board.cabins).toBe(before.cabins);
    expect([board.cursor, board.touched.size]).toEqual(['cursor-1', 0]);
  });

  it.each(['CABIN_OPENED', 'CABIN_CLOSING', 'CABIN_CLOSED', 'CABIN_CHANGED', 'SESSION_MOVED', 'DEPOSIT_ADDED', 'ITEM_ADDED', 'LIMITS_CHANGED'] as const)(
    '%s makes the board ask',
    (kind) => {
      expect(after(start(), event(1, kind)).touched).toEqual(new Set(['cabin-1']));
    },
  );

  it('of a kind that does not exist yet makes the board ask, too', () => {
    const later = { ...event(1, 'CABIN_CHANGED'), kind: 'OF_A_LATER_SERVER' };
    const isEvent = (value: unknown): value is ActivityEvent => value === later;
    if (!isEvent(later)) {
      throw new Error('unreachable');
    }
    expect(after(start(), later).touched).toEqual(new Set(['cabin-1']));
  });

  it('about a cabin that nobody knows makes the board ask', () => {
    const board = after(start(), event(1, 'PHONE_ONLINE', { cabinId: 'cabin-3' }));
    expect(board.touched).toEqual(new Set(['cabin-3']));
    const answered = afterAnswer(board, questionOf(board, 50), [cabin(3)]);
    expect(answered.cabins.map((one) => one.cabin.number)).toEqual([1, 2, 3]);
    expect(answered.touched.size).toBe(0);
  });

  it('closes the session it names, and no other', () => {
    const closing = after(start(), event(1, 'CABIN_CLOSING', { sessionId: 'session-1' }));
    expect([view(closing).session?.state, view(closing).session?.closedAt]).toEqual(['CLOSING', time(1)]);
    const other = after(closing, event(2, 'CABIN_CLOSED', { sessionId: 'session-0' }));
    expect(view(other).session?.id).toBe('session-1');
    const closed = after(other, event(3, 'CABIN_CLOSED', { sessionId: 'session-1' }));
    expect([view(closed).session, view(closed).cabin.state]).toEqual([null, 'CLOSED']);
  });
});

describe('an answer about touched cabins', () => {
  const touched = after(start(), event(1, 'CABIN_CHANGED'));

  it('is the truth if nothing has happened since', () => {
    const board = afterAnswer(touched, questionOf(touched, 50), [cabin(1, { label: 'New', state: 'OPEN', currentSession: session('session-2') })]);
    expect([view(board).cabin.label, view(board).session?.id, board.touched.size]).toEqual(['New', 'session-2', 0]);
    expect(board.cursor).toBe('cursor-1');
  });

  it('that an event has overtaken is not used, and the board asks again', () => {
    const question = questionOf(touched, 50);
    const closed = after(touched, event(2, 'CABIN_CLOSED', { sessionId: 'session-1' }));
    const late = afterAnswer(closed, question, [cabin(1, { state: 'OPEN', currentSession: session('session-1') })]);
    expect([view(late).session, view(late).cabin.state]).toEqual([null, 'CLOSED']);
    expect(questionOf(late, 50).ids).toEqual(['cabin-1']);
    const answered = afterAnswer(late, questionOf(late, 50), [cabin(1)]);
    expect(answered.touched.size).toBe(0);
  });

  it('is not undone by an event about another cabin', () => {
    const question = questionOf(touched, 50);
    const other = after(touched, event(2, 'PHONE_OFFLINE', { cabinId: 'cabin-2' }));
    const board = afterAnswer(other, question, [cabin(1, { label: 'New' })]);
    expect([view(board).cabin.label, view(board, 2).cabin.phoneOnline, board.touched.size]).toEqual(['New', false, 0]);
  });

  it('to a question from before a snapshot is not used', () => {
    const question = questionOf(touched, 50);
    const board = boardOf({ asOf: time(9), cabins: [cabin(1)], liveCalls: [], counter: COUNTER }, 'cursor-9', touched, arrival);
    expect(afterAnswer(board, question, [cabin(1, { label: 'Old' })])).toBe(board);
  });

  it('does not hide a live call', () => {
    const calling = after(touched, event(2, 'CALL_AUTHORIZED', { call: call('a') }));
    const board = afterAnswer(calling, questionOf(calling, 50), [cabin(1, { state: 'OPEN', currentSession: session('session-1') })]);
    expect([view(board).cabin.state, view(board).liveCall?.id]).toEqual(['IN_CALL', 'a']);
  });

  it('that counts a call whose end is still on its way does not count it twice', () => {
    const calling = after(start(), event(1, 'CALL_ANSWERED', { call: talk('a', { cost: brl('0.7') }) }), event(2, 'ITEM_ADDED'));
    const closed = session('session-1', { runningTotal: brl('5') });
    const board = afterAnswer(calling, questionOf(calling, 50), [cabin(1, { state: 'OPEN', currentSession: closed })]);
    const ended = after(board, event(3, 'CALL_ENDED', { call: talk('a', { state: 'ENDED', cost: brl('0.7') }) }));
    expect(view(ended).session?.runningTotal).toEqual(brl('5'));
  });

  it('removes a cabin that is retired or gone', () => {
    const both = after(touched, event(2, 'CABIN_CHANGED', { cabinId: 'cabin-2' }));
    const board = afterAnswer(both, questionOf(both, 50), [cabin(1, { retiredAt: time(1) }), null]);
    expect([board.cabins, board.touched.size]).toEqual([[], 0]);
  });

  it('covers as many cabins as were asked for', () => {
    const both = after(touched, event(2, 'CABIN_CHANGED', { cabinId: 'cabin-2' }));
    const board = afterAnswer(both, questionOf(both, 1), [cabin(1)]);
    expect(board.touched).toEqual(new Set(['cabin-2']));
  });
});

describe('the counter', () => {
  const register = { id: 'shift-1', number: '1', openedAt: time(1), openedBy: null };
  const opened = after(start(), event(1, 'REGISTER_OPENED', { cabinId: null }));

  it('is asked for after an event that may change it, and only then', () => {
    expect(mustAsk(start())).toBe(false);
    expect(mustAsk(after(start(), event(1, 'PHONE_OFFLINE'), event(2, 'CASH_MOVED', { cabinId: null })))).toBe(false);
    expect(mustAsk(opened)).toBe(true);
    const board = afterCounter(opened, questionOf(opened, 50), { register, unpaid: [] });
    expect([board.counter?.register?.number, mustAsk(board)]).toEqual(['1', false]);
  });

  it('is asked for again if an event has overtaken the answer', () => {
    const question = questionOf(opened, 50);
    const closed = after(opened, event(2, 'REGISTER_CLOSED', { cabinId: null }));
    expect(afterCounter(closed, question, { register, unpaid: [] })).toBe(closed);
  });

  it('is never asked for on the board of one cabin', () => {
    const board = boardOf({ asOf: time(0), cabins: [cabin(1)], liveCalls: [], counter: null }, 'cursor-0', null, arrival);
    expect(after(board, event(1, 'REGISTER_CLOSED', { cabinId: null })).counterTouched).toBeNull();
  });
});

describe('exact costs', () => {
  const board = after(start(), event(1, 'CALL_ANSWERED', { call: talk('a') }), event(2, 'CALL_AUTHORIZED', { cabinId: 'cabin-2', call: call('b', { cabinId: 'cabin-2' }) }));
  const cost = (id: string, seconds: number, amount: string) => ({ id, asOf: time(seconds), elapsedSeconds: seconds, cost: brl(amount) });

  it('update calls that are being charged', () => {
    const priced = afterCosts(board, [cost('a', 5, '0.7'), cost('b', 0, '0')], arrival);
    expect(view(priced).liveCall).toMatchObject({ elapsedSeconds: 5, cost: brl('0.7'), asOf: time(5) });
    expect(view(priced, 2)).toBe(view(board, 2));
    expect(priced.cursor).toBe(board.cursor);
  });

  it('change nothing about calls that are over, unknown, or known better', () => {
    expect(afterCosts(board, [cost('gone', 5, '0.7')], arrival)).toBe(board);
    const priced = afterCosts(board, [cost('a', 5, '0.7')], arrival);
    expect(afterCosts(priced, [cost('a', 3, '0.5')], arrival)).toBe(priced);
  });
});
