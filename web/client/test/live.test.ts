import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient, type CallshopClient, type ShopState } from '../src/index.js';
import { memoryStore } from '../src/store.js';
import { FakeServer, json, refused, tokens } from './support/fakes.js';
import { brl, cabin, call, event, login, session, talk, time } from './support/fixtures.js';
import { SocketServer, type Subscription } from './support/socketserver.js';
import { until } from './support/until.js';

let sockets: SocketServer;
let http: FakeServer;
let client: CallshopClient;

const snapshot = (cursor: string, cabins = [cabin(1, { state: 'OPEN', currentSession: session('session-1') }), cabin(2)], cursorExpired = false) => ({
  callshopActivity: { cursor, cursorExpired, snapshot: { asOf: new Date().toISOString(), cabins, liveCalls: [], register: null, unpaidSessions: [] }, event: null },
});
const happened = (seq: number, kind: Parameters<typeof event>[1] = 'PHONE_OFFLINE', more: Parameters<typeof event>[2] = {}) => ({
  callshopActivity: { cursor: `c${seq}`, cursorExpired: false, snapshot: null, event: event(seq, kind, more) },
});

/** The answer about an open register without bills to pay. */
const COUNTER = { currentRegister: { id: 'shift-1', number: '1', openedAt: time(0), openedBy: null }, sessions: { nodes: [] } };

/** Answers like the server for a shop at this position: a new subscriber gets a snapshot, and `CallshopHead` gets the position. */
function serveAt(cursor: () => string): void {
  sockets.onSubscribe = (subscription) => {
    if (subscription.name === 'CallshopHead') {
      subscription.next({ callshopActivity: { cursor: cursor(), snapshot: { asOf: new Date().toISOString() } } });
    } else if (subscription.name === 'CallshopActivity' && subscription.variables.after === null) {
      subscription.next(snapshot(cursor()));
    }
  };
}

/** Reads all states of a board in the background. */
function watch(signal?: AbortSignal): { readonly states: ShopState[]; last: () => ShopState | undefined; ended: Promise<unknown> } {
  const states: ShopState[] = [];
  const ended = (async (): Promise<unknown> => {
    try {
      for await (const state of client.liveCallshop('shop', signal === undefined ? {} : { signal })) {
        states.push(state);
      }
      return null;
    } catch (error) {
      return error;
    }
  })();
  return { states, last: () => states.at(-1), ended };
}

const follow = (): Subscription => sockets.newest('CallshopActivity');

beforeEach(async () => {
  sockets = await SocketServer.start();
  http = new FakeServer(() => refused('NOT_FOUND'));
  const store = memoryStore();
  store.save(login());
  client = createClient({ url: sockets.url, fetch: http.fetch, store });
  serveAt(() => 'c10');
});

afterEach(async () => {
  client.dispose();
  await sockets.stop();
});

describe('liveCallshop', () => {
  it('shows the snapshot, and then each event', async () => {
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    follow().next(happened(11));
    follow().next(happened(12, 'PHONE_ONLINE'));
    await until('the events', () => board.states.length === 3);
    expect(board.states.map((state) => [state.cursor, state.stale, state.lastEvent?.kind, state.cabins[0]?.cabin.phoneOnline])).toEqual([
      ['c10', false, undefined, true],
      ['c11', false, 'PHONE_OFFLINE', false],
      ['c12', false, 'PHONE_ONLINE', true],
    ]);
    expect(client.connection.get().state).toBe('live');
  });

  it.each([1001, 1006, 1013, 4408, 4503, 4504, 4508])('resumes after its last cursor when the server closes with %i', async (code) => {
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    follow().next(happened(11));
    await until('the event', () => board.states.length === 2);
    const lostAt = Date.now();
    if (code === 1006) {
      follow().connection.terminate();
    } else {
      sockets.closeAll(code);
    }
    await until('a stale state', () => board.last()?.stale === true);
    expect(client.connection.get().state).toBe('connecting');
    expect(board.last()).toMatchObject({ cursor: 'c11', lastEvent: null });
    await until('the next subscription', () => sockets.count('CallshopActivity') === 2);
    expect(follow().variables).toEqual({ callshopId: 'shop', after: 'c11' });
    expect(Date.now() - lostAt).toBeGreaterThan(code === 1013 ? 2_000 : code >= 4503 && code < 4504 ? 5_000 : 200);
    expect(client.connection.get().state).toBe('live');
  });

  it('is stale until the missed events are in, and shows each of them once', async () => {
    let head = 'c10';
    serveAt(() => head);
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    head = 'c12';
    sockets.closeAll(1001);
    await until('the head is known', () => sockets.completed.length > 0 && sockets.count('CallshopHead') === 1);
    expect(board.last()?.stale).toBe(true);
    follow().next(happened(11));
    await until('the first missed event', () => board.last()?.cursor === 'c11');
    expect(board.last()?.stale).toBe(true);
    follow().next(happened(12, 'PHONE_ONLINE'));
    await until('the second missed event', () => board.last()?.cursor === 'c12');
    expect(board.last()?.stale).toBe(false);
    // the server repeats no event; even if it did, the board would not show the event again
    follow().next(happened(12, 'PHONE_ONLINE'));
    follow().next(happened(13));
    await until('the next event', () => board.last()?.cursor === 'c13');
    expect(board.states.flatMap((state) => state.lastEvent?.seq ?? [])).toEqual([11, 12, 13]);
  });

  it('asks for changed cabins when all missed events are in, and is stale until the answer', async () => {
    let head = 'c10';
    let answer = (): void => undefined;
    serveAt(() => head);
    http.answer = () => new Promise((resolve) => (answer = () => resolve(json({ data: { nodes: [cabin(1, { label: 'New' })] } }))));
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    head = 'c12';
    sockets.closeAll(1001);
    await until('the head is known', () => sockets.completed.length > 0 && sockets.count('CallshopHead') === 1);
    follow().next(happened(11, 'LIMITS_CHANGED'));
    await until('the first missed event', () => board.last()?.cursor === 'c11');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(http.sent).toEqual([]);
    follow().next(happened(12, 'LIMITS_CHANGED'));
    await until('the question', () => http.sent.length === 1);
    expect(board.last()).toMatchObject({ cursor: 'c12', stale: true });
    answer();
    await until('the answer', () => board.last()?.stale === false);
    expect(board.last()?.cabins[0]?.cabin.label).toBe('New');
  });

  it('is current at once if nothing was missed', async () => {
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    sockets.closeAll(1001);
    await until('stale', () => board.last()?.stale === true);
    await until('current', () => board.last()?.stale === false);
    expect(board.last()?.cursor).toBe('c10');
  });

  it('replaces its state by a snapshot in the middle, as after an expired cursor', async () => {
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    sockets.closeAll(1001);
    await until('the next subscription', () => sockets.count('CallshopActivity') === 2);
    follow().next(snapshot('c90', [cabin(7)], true));
    await until('the new state', () => board.last()?.cursor === 'c90');
    expect(board.last()).toMatchObject({ stale: false, lastEvent: null });
    expect(board.last()?.cabins.map((view) => view.cabin.number)).toEqual([7]);
  });

  it('begins again where the server does not know its cursor', async () => {
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    sockets.onSubscribe = (subscription) => {
      if (subscription.name !== 'CallshopActivity') {
        return;
      }
      if (subscription.variables.after === null) {
        subscription.next(snapshot('c3'));
      } else {
        subscription.errors('INVALID_INPUT');
      }
    };
    sockets.closeAll(1001);
    await until('the snapshot of the other database', () => board.last()?.cursor === 'c3');
    expect(board.last()?.stale).toBe(false);
  });

  it('asks for a cabin that an event has changed, and uses no late answer', async () => {
    const answers: ((label: string) => void)[] = [];
    http.answer = ({ name }) =>
      name === 'RefetchCounter' ? json({ data: COUNTER }) : new Promise((resolve) => answers.push((label) => resolve(json({ data: { nodes: [cabin(1, { label, state: 'OPEN', currentSession: session('session-1') })] } }))));
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    follow().next(happened(11, 'LIMITS_CHANGED'));
    await until('the question', () => answers.length === 1);
    expect(http.sent[0]).toMatchObject({ name: 'RefetchCabins', variables: { ids: ['cabin-1'] } });
    follow().next(happened(12, 'CABIN_CLOSED', { sessionId: 'session-1' }));
    await until('the event', () => board.last()?.cursor === 'c12');
    answers[0]?.('late');
    await until('the second question', () => answers.length === 2);
    expect(board.last()?.cabins[0]).toMatchObject({ cabin: { label: 'Cabin 1', state: 'CLOSED' }, session: null });
    answers[1]?.('in time');
    await until('the answer', () => board.last()?.cabins[0]?.cabin.label === 'in time');
    expect(board.last()?.lastEvent).toBeNull();
  });

  it('asks for the register and the bills to pay when an event has changed them', async () => {
    http.answer = () => json({ data: COUNTER });
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    expect(board.last()?.register).toBeNull();
    follow().next(happened(11, 'REGISTER_OPENED', { cabinId: null }));
    await until('the answer', () => board.last()?.register?.number === '1');
    expect(http.sent.map(({ name }) => name)).toEqual(['RefetchCounter']);
  });

  it('asks again if the question or the answer is lost', async () => {
    let asked = 0;
    http.answer = () => {
      asked += 1;
      return asked < 3 ? Promise.reject(new TypeError('fetch failed')) : json({ data: { nodes: [cabin(1, { label: 'New' })] } });
    };
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    follow().next(happened(11, 'LIMITS_CHANGED'));
    await until('the answer', () => board.last()?.cabins[0]?.cabin.label === 'New');
    expect(asked).toBe(3);
  });

  it('does not set its clock by the proxy, whose time may be wrong', async () => {
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    follow().next(happened(11, 'PHONE_ONLINE', { at: inAnHour }));
    follow().next(happened(12, 'CALL_RINGING', { at: inAnHour, call: call('call-1', { state: 'RINGING' }) }));
    await until('the call', () => board.last()?.cursor === 'c12');
    expect(Math.abs(board.last()?.cabins[0]?.liveCall?.clock?.skewMs ?? Infinity)).toBeLessThan(60_000);
  });

  it('keeps the costs of live calls exact', async () => {
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    follow().next(happened(11, 'CALL_ANSWERED', { call: talk('call-1', { answeredAt: new Date().toISOString() }) }));
    const costs = { asOf: time(1), calls: [{ id: 'call-1', asOf: new Date().toISOString(), elapsedSeconds: 1, cost: brl('0.7') }] };
    sockets.newest('CallshopCosts').next({ liveCalls: costs });
    await until('the cost', () => board.last()?.cabins[0]?.liveCall?.cost.amount === '0.7');
    expect(board.last()?.cursor).toBe('c11');
  });

  it('ends with its signal, without an error, and leaves nothing open', async () => {
    const abort = new AbortController();
    const board = watch(abort.signal);
    await until('the snapshot', () => board.states.length === 1);
    abort.abort();
    expect(await board.ended).toBeNull();
    await until('the end of the connection', () => sockets.open === 0);
    expect(client.connection.get().state).toBe('idle');
  });

  it('throws what no further attempt can mend', async () => {
    sockets.onSubscribe = (subscription) => subscription.errors('NOT_FOUND');
    expect(await watch().ended).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('tries again after an error that passes', async () => {
    let refusals = 2;
    sockets.onSubscribe = (subscription) => {
      if (subscription.name !== 'CallshopActivity') {
        return;
      }
      refusals -= 1;
      if (refusals >= 0) {
        subscription.errors('OVERLOADED');
      } else {
        subscription.next(snapshot('c1'));
      }
    };
    const board = watch();
    await until('the snapshot', () => board.last()?.cursor === 'c1');
    expect(sockets.connections.length).toBe(1);
  });

  it.each([4400, 4406])('throws when the server closes with %i, which would come again', async (code) => {
    sockets.refuseWith = () => code;
    expect(await watch().ended).toMatchObject({ code: 'PROTOCOL' });
  });
});

describe('the token', () => {
  it.each([4401, 4403])('is replaced when the server closes with %i', async (code) => {
    http.answer = () => tokens('refresh', 2);
    sockets.refuseWith = (token) => (token === 'access-1' ? code : null);
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    expect(sockets.tokens).toEqual(['access-1', 'access-2']);
    expect(http.count('Refresh')).toBe(1);
  });

  it('that an operation refuses is replaced, and a refresh that fails at first does not end the board', async () => {
    let refreshes = 0;
    http.answer = () => {
      refreshes += 1;
      return refreshes === 1 ? refused('OVERLOADED') : tokens('refresh', 2);
    };
    const serve = sockets.onSubscribe;
    sockets.onSubscribe = (subscription) => {
      if (refreshes < 2) {
        subscription.errors('UNAUTHENTICATED');
      } else {
        serve(subscription);
      }
    };
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    expect([refreshes, client.session.get()?.accessToken]).toEqual([2, 'access-2']);
  });

  it('that cannot be replaced ends the board and the session', async () => {
    http.answer = () => refused('UNAUTHENTICATED');
    sockets.refuseWith = () => 4403;
    expect(await watch().ended).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(client.session.get()).toBeNull();
    expect(sockets.connections.length).toBe(1);
  });

  it('is given to the server on the open connection before the old one expires', async () => {
    const store = memoryStore();
    store.save(login({ accessTokenExpiresAt: new Date(Date.now() + 8_000).toISOString() }));
    client.dispose();
    client = createClient({ url: sockets.url, fetch: http.fetch, store });
    http.answer = () => tokens('refresh', 2);
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    const isGiven = (): boolean => sockets.received.some(({ type, payload }) => type === 'ping' && JSON.stringify(payload).includes('Bearer access-2'));
    await until('the new token', isGiven);
    expect([sockets.connections.length, board.last()?.stale]).toEqual([1, false]);
  });

  it('of a logout ends the board', async () => {
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    await client.logout();
    expect(await board.ended).toMatchObject({ code: 'UNAUTHENTICATED' });
    await until('the end of the connection', () => sockets.open === 0);
  });
});

describe('one connection', () => {
  it('serves every subscription, and ends after the last', async () => {
    const aborts = Array.from({ length: 10 }, () => new AbortController());
    const boards = aborts.map((abort) => watch(abort.signal));
    await until('all snapshots', () => boards.every((board) => board.states.length === 1));
    expect(sockets.connections.length).toBe(1);
    aborts.slice(1).forEach((abort) => abort.abort());
    await until('the ends', () => sockets.completed.length >= 9);
    expect(sockets.open).toBe(1);
    aborts[0]?.abort();
    await until('the end of the connection', () => sockets.open === 0);
  });

  it('stays while one screen follows another', async () => {
    const abort = new AbortController();
    const first = watch(abort.signal);
    await until('the snapshot', () => first.states.length === 1);
    abort.abort();
    await first.ended;
    const second = watch();
    await until('the second snapshot', () => second.states.length === 1);
    expect(sockets.connections.length).toBe(1);
  });

  it('ends with the client, and so do its boards', async () => {
    const board = watch();
    await until('the snapshot', () => board.states.length === 1);
    client.dispose();
    expect(await board.ended).toBeNull();
    await until('the end of the connection', () => sockets.open === 0);
  });
});
