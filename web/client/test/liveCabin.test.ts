import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient, type CallshopClient, type LiveCabin } from '../src/index.js';
import { memoryStore } from '../src/store.js';
import { FakeServer, json, refused } from './support/fakes.js';
import { brl, cabin, event, login, talk, time } from './support/fixtures.js';
import { SocketServer } from './support/socketserver.js';

let sockets: SocketServer;
let http: FakeServer;
let client: CallshopClient;

beforeEach(async () => {
  sockets = await SocketServer.start();
  http = new FakeServer(() => refused('NOT_FOUND'));
  const store = memoryStore();
  store.save(login());
  client = createClient({ url: sockets.url, fetch: http.fetch, store });
});

afterEach(async () => {
  client.dispose();
  await sockets.stop();
});

describe('liveCabin', () => {
  const first = { cabinActivity: { cursor: 'c1', cursorExpired: false, snapshot: { asOf: time(0), cabin: cabin(1), liveCalls: [] }, event: null } };

  it('shows one cabin, and ends when it is retired', async () => {
    sockets.onSubscribe = (subscription) => {
      if (subscription.name === 'CabinActivity') {
        subscription.next(first);
        subscription.next({ cabinActivity: { cursor: 'c2', cursorExpired: false, snapshot: null, event: event(2, 'CABIN_CHANGED') } });
      }
    };
    http.answer = () => json({ data: { nodes: [cabin(1, { retiredAt: time(2) })] } });
    const seen: LiveCabin[] = [];
    for await (const view of client.liveCabin('cabin-1')) {
      seen.push(view);
    }
    expect(seen.map((view) => [view.cabin.id, view.asOf, view.stale])).toEqual([
      ['cabin-1', time(0), false],
      ['cabin-1', time(2), false],
    ]);
  });

  it('asks for exact costs, because no subscription has those of one cabin', async () => {
    sockets.onSubscribe = (subscription) => {
      if (subscription.name === 'CabinActivity') {
        subscription.next({ cabinActivity: { ...first.cabinActivity, snapshot: { ...first.cabinActivity.snapshot, liveCalls: [talk('call-1')] } } });
      }
    };
    http.answer = () => json({ data: { nodes: [{ id: 'call-1', asOf: time(5), elapsedSeconds: 5, cost: brl('0.7') }] } });
    for await (const view of client.liveCabin('cabin-1')) {
      if (view.liveCall?.cost.amount === '0.7') {
        break;
      }
    }
    expect(http.sent[0]).toMatchObject({ name: 'CallCosts', variables: { ids: ['call-1'] } });
  });
});
