import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  costSoFar,
  createClient,
  elapsedSeconds,
  eventStreams,
  parseMoney,
  type ActivityEvent,
  type CabinView,
  type CallshopClient,
  type SessionFields,
  type ShopState,
  type TransportFactory,
} from '../src/index.js';
import { Demo } from './support/demo.js';
import { Random } from './support/random.js';
import { Reference } from './support/reference.js';
import { Relay } from './support/relay.js';
import { Counter, Direct } from './support/shop.js';
import { Traffic } from './support/traffic.js';
import { until } from './support/until.js';

/** How long the network flaps; ten minutes are 600. */
const FLAP_SECONDS = Number(process.env.CALLSHOP_TEST_FLAP_SECONDS ?? '30');
const SEED = Number(process.env.CALLSHOP_TEST_SEED ?? String(Date.now() % 1_000_000));
/** Each rider's transport; undefined is the WebSocket. */
const RIDERS: readonly (TransportFactory | undefined)[] = [undefined, eventStreams(), eventStreams('multipart')].flatMap((one) => [one, one]);

let demo: Demo;

beforeAll(async () => {
  demo = await Demo.start();
}, 150_000);

// a server that did not start has already failed the tests
afterAll(() => (demo as Demo | undefined)?.stop());

/** A client behind a relay, with all that it showed. */
class Rider {
  readonly relay: Relay;
  readonly client: CallshopClient;
  readonly events: ActivityEvent[] = [];
  readonly backward: string[] = [];
  readonly #leave = new AbortController();
  readonly #shown = new Map<string, { seconds: number; micros: bigint }>();
  readonly #ticker: ReturnType<typeof setInterval>;
  /** Where this client started. */
  start = '';
  last: ShopState | null = null;
  staleTimes = 0;
  failure: unknown = null;

  private constructor(relay: Relay, transport: TransportFactory | undefined) {
    this.relay = relay;
    this.client = createClient({ url: relay.url, ...(transport === undefined ? {} : { transport }) });
    this.#ticker = setInterval(() => this.#look(), 50);
  }

  static async board(of: Demo, transport: TransportFactory | undefined): Promise<Rider> {
    const rider = new Rider(await Relay.to(of.port), transport);
    const { login, password } = of.user('ATTENDANT');
    await rider.client.login(login, password);
    void rider.#watch(of.printed.callshopId);
    await until('the first state', () => rider.last !== null);
    return rider;
  }

  async leave(): Promise<void> {
    this.#leave.abort();
    clearInterval(this.#ticker);
    this.client.dispose();
    await this.relay.close();
  }

  async #watch(callshopId: string): Promise<void> {
    try {
      for await (const state of this.client.liveCallshop(callshopId, { signal: this.#leave.signal })) {
        this.start ||= state.cursor;
        this.staleTimes += state.stale && this.last?.stale === false ? 1 : 0;
        this.last = state;
        if (state.lastEvent !== null) {
          this.events.push(state.lastEvent);
        }
      }
    } catch (error) {
      this.failure = error;
    }
  }

  /** As a screen that is drawn again and again would. */
  #look(): void {
    for (const { liveCall } of this.last?.cabins ?? []) {
      if (liveCall === null) {
        continue;
      }
      const seconds = elapsedSeconds(liveCall, Date.now());
      const micros = parseMoney(costSoFar(liveCall, Date.now()));
      const before = this.#shown.get(liveCall.id);
      if (before !== undefined && (seconds < before.seconds || micros < before.micros)) {
        this.backward.push(`${liveCall.id}: ${before.seconds} s ${before.micros} then ${seconds} s ${micros}`);
      }
      this.#shown.set(liveCall.id, { seconds, micros });
    }
  }
}

/** What must be equal on two boards: not when it was seen, and not how a running call has been counted on since. */
function comparable(cabins: readonly CabinView[]): unknown {
  return cabins.map(({ cabin, session, liveCall }) => ({
    cabin,
    session: session === null ? null : settledFields(session, liveCall !== null),
    liveCall: liveCall === null ? null : { id: liveCall.id, state: liveCall.state, number: liveCall.number, maxSeconds: liveCall.maxSeconds },
  }));
}

/** A session without what a live call adds to its figures. */
function settledFields(session: SessionFields, inCall: boolean): unknown {
  const { runningTotal, remaining, remainingSeconds, ...rest } = session;
  return { ...rest, counted: null, figures: inCall ? null : { runningTotal, remaining, remainingSeconds } };
}

describe('a phone on a train', () => {
  it(
    `misses nothing, repeats nothing, and ends with the server's own board (seed ${SEED}, ${FLAP_SECONDS} s)`,
    async () => {
      const owner = await Direct.as(demo, 'CALLSHOP_OWNER');
      const reference = await Reference.begin(demo, owner.token);
      const riders = await Promise.all(RIDERS.map((transport) => Rider.board(demo, transport)));
      const traffic = new Traffic(demo, new Random(SEED));
      const counter = new Counter(owner, demo.printed.cabinIds, new Random(SEED + 1));
      const phones = await demo.phones();
      traffic.begin(phones);
      counter.begin();
      await Promise.all(riders.map((rider, index) => rider.relay.flap(new Random(SEED + 10 + index), FLAP_SECONDS, () => rider.client.connection.get().state === 'live')));
      await counter.end();
      await traffic.end();
      // two calls go on, so that the boards have live calls to agree on
      const talks = await startTalks(owner, traffic, phones);
      const board = await reference.board();
      for (const rider of riders) {
        const hasArrived = (): boolean => rider.last?.cursor === board.cursor && !rider.last.stale;
        await until('the rider is current', hasArrived, 30_000, () => [rider.last, rider.failure]);
        expect(rider.failure).toBeNull();
        // an answer about the last cabins that were touched may be on its way
        const isSame = (): boolean => isDeepStrictEqual(comparable(rider.last?.cabins ?? []), comparable(board.cabins));
        await until('the same board', isSame).catch(() => undefined);
        expect(rider.events).toEqual(reference.since(rider.start));
        expect(comparable(rider.last?.cabins ?? [])).toEqual(comparable(board.cabins));
        expect(rider.backward).toEqual([]);
        expect(rider.client.connection.get().state).toBe('live');
        expect(rider.staleTimes).toBeGreaterThan(0);
      }
      report(riders, reference, counter);
      await Promise.all(talks.map((hangUp) => hangUp()));
      await Promise.all(riders.map((rider) => rider.leave()));
      await reference.end();
    },
    (FLAP_SECONDS + 120) * 1000,
  );
});

async function startTalks(owner: Direct, traffic: Traffic, phones: readonly string[]): Promise<(() => Promise<void>)[]> {
  const open = await owner.send('query($id: ID!) { cabins(callshopId: $id, first: 100) { nodes { id state } } }', { id: demo.printed.callshopId });
  const states = JSON.stringify(open).match(/"state":"[A-Z_]+"/g) ?? [];
  const free = phones.filter((_, index) => states[index] === '"state":"OPEN"');
  return Promise.all(free.slice(0, 2).map((phone) => traffic.talk(phone)));
}

function report(riders: readonly Rider[], reference: Reference, counter: Counter): void {
  const kinds = new Map<string, number>();
  for (const { kind } of reference.events) {
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const lines = riders.map((rider) => `  ${JSON.stringify(rider.relay.counts)}, stale ${rider.staleTimes} times`);
  console.info([`${reference.events.length} events ${JSON.stringify([...kinds])}`, `counter: ${JSON.stringify([...counter.done])}`, ...lines].join('\n'));
}
