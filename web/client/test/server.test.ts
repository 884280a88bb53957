import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chargeBy } from '../src/charge.js';
import { createClient, parseMoney, type CallFields, type CallshopClient, type ShopState } from '../src/index.js';
import { Demo } from './support/demo.js';
import { Traffic } from './support/traffic.js';
import { Random } from './support/random.js';
import { until } from './support/until.js';

/** A number whose rate has increments of one second. */
const BY_THE_SECOND = '+13055550123';

let demo: Demo;

beforeAll(async () => {
  demo = await Demo.start();
}, 150_000);

// a server that did not start has already failed the tests
afterAll(() => (demo as Demo | undefined)?.stop());

async function clientOf(role: string): Promise<CallshopClient> {
  const client = createClient({ url: demo.url });
  const { login, password } = demo.user(role);
  await client.login(login, password);
  return client;
}

async function first<T>(values: AsyncIterable<T>): Promise<T> {
  for await (const value of values) {
    return value;
  }
  throw new Error('There was no value.');
}

describe.each(['ADMIN', 'DISTRIBUTOR', 'RESELLER', 'CALLSHOP_OWNER', 'ATTENDANT'])('the server lets the %s', (role) => {
  it('log in, refresh, follow a shop and a cabin, and log out', async () => {
    const client = await clientOf(role);
    const before = client.session.get();
    expect(before?.viewer).toMatchObject({ role, login: demo.user(role).login });
    expect(before?.viewer.account.name).not.toBe('');
    expect(before?.viewer.callshop === null).toBe(!['CALLSHOP_OWNER', 'ATTENDANT'].includes(role));
    const shop = await first(client.liveCallshop(demo.printed.callshopId));
    expect([shop.cabins.length, shop.stale]).toEqual([demo.printed.cabinIds.length, false]);
    const [cabinId = ''] = demo.printed.cabinIds;
    expect((await first(client.liveCabin(cabinId))).cabin.id).toBe(cabinId);
    await client.logout();
    expect(client.session.get()).toBeNull();
    client.dispose();
  });
});

describe('a refresh on the server', () => {
  it('keeps a session that was stored, and replaces a token that the server refuses', async () => {
    const client = await clientOf('ATTENDANT');
    const session = client.session.get();
    if (session === null) {
      throw new Error('There is no session.');
    }
    client.dispose();
    const kept = { ...session, accessToken: 'no longer good' };
    const again = createClient({ url: demo.url, store: { load: () => kept, save: () => undefined } });
    expect((await first(again.liveCallshop(demo.printed.callshopId))).cabins.length).toBe(demo.printed.cabinIds.length);
    expect(again.session.get()?.refreshToken).not.toBe(session.refreshToken);
    expect(again.session.get()?.viewer).toEqual(session.viewer);
    again.dispose();
  });

  it('hands a new token over on the open connection, which stays', async () => {
    const client = await clientOf('ATTENDANT');
    const session = client.session.get();
    if (session === null) {
      throw new Error('There is no session.');
    }
    client.dispose();
    // this client believes that its token is about to expire
    const kept = { ...session, accessTokenExpiresAt: new Date(Date.now() + 8_000).toISOString() };
    const again = createClient({ url: demo.url, store: { load: () => kept, save: () => undefined } });
    const live = again.liveCallshop(demo.printed.callshopId)[Symbol.asyncIterator]();
    await live.next();
    const states: string[] = [];
    again.connection.subscribe(() => states.push(again.connection.get().state));
    await until('the new token', () => again.session.get()?.accessToken !== session.accessToken);
    const [phone = ''] = await demo.phones();
    const hangUp = await new Traffic(demo, new Random(1)).talk(phone);
    // the demo's phones may still be registering, and each registration is also an event
    let kind: string | undefined;
    while (kind !== 'CALL_AUTHORIZED') {
      const next = await live.next();
      expect(next.done).toBe(false);
      kind = next.done === true ? undefined : next.value.lastEvent?.kind;
    }
    await hangUp();
    expect(states).toEqual([]);
    again.dispose();
  });
});

describe('the cost of a call', () => {
  it('is counted as the server counts it, between any two of its figures', async () => {
    const client = await clientOf('ATTENDANT');
    const [, , phone = ''] = await demo.phones();
    const hangUp = await new Traffic(demo, new Random(1)).talk(phone, BY_THE_SECOND);
    let before: CallFields | null = null;
    let figures = 0;
    const counted: unknown[] = [];
    const told: unknown[] = [];
    for await (const { cabins } of client.liveCallshop(demo.printed.callshopId)) {
      const call: CallFields | null = cabins.find(({ liveCall }) => liveCall?.state === 'ANSWERED')?.liveCall ?? null;
      if (before !== null && call !== null && call.elapsedSeconds > before.elapsedSeconds) {
        figures += 1;
        const charge = chargeBy(before.clock?.roundings ?? [], before, call.elapsedSeconds);
        // until a few figures are known, it may be uncertain how the tariff rounds
        if (charge !== null) {
          counted.push(charge);
          told.push(parseMoney(call.cost));
        }
      }
      before = call ?? before;
      if (figures === 7) break;
    }
    await hangUp();
    client.dispose();
    expect(counted).toEqual(told);
    expect(counted.length).toBeGreaterThanOrEqual(2);
  }, 60_000);
});

describe('a restart of the server', () => {
  it('is outlived by a board, which misses nothing', async () => {
    const client = await clientOf('ATTENDANT');
    let last: ShopState | null = null;
    const kinds: string[] = [];
    const ended = (async () => {
      for await (const state of client.liveCallshop(demo.printed.callshopId)) {
        last = state;
        kinds.push(...(state.lastEvent === null ? [] : [state.lastEvent.kind]));
      }
    })();
    const now = (): ShopState | null => last;
    await until('the first state', () => now() !== null);
    await demo.halt();
    await until('a stale state', () => now()?.stale === true);
    await demo.run();
    const [, phone = ''] = await demo.phones();
    const hangUp = await new Traffic(demo, new Random(1)).talk(phone);
    await hangUp();
    await until('the call', () => kinds.includes('CALL_ENDED') && now()?.stale === false, 40_000, () => [kinds, now()?.stale, client.connection.get()]);
    expect(kinds.filter((kind) => kind.startsWith('CALL_'))).toEqual(['CALL_AUTHORIZED', 'CALL_ANSWERED', 'CALL_ENDED']);
    client.dispose();
    await ended;
  }, 120_000);
});
