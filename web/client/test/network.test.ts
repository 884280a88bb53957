import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  costSoFar,
  createClient,
  elapsedSeconds,
  eventStreams,
  parseMoney,
  type CabinView,
  type CallshopClient,
  type SessionFields,
  type StreamFormat,
} from '../src/index.js';
import { Demo } from './support/demo.js';
import { Random } from './support/random.js';
import { Reference, type ServerBoard } from './support/reference.js';
import { Relay } from './support/relay.js';
import { Seen } from './support/seen.js';
import { Counter, Direct } from './support/shop.js';
import { Tab, TabProgram } from './support/tab.js';
import { activityTable } from './support/table.js';
import { Traffic } from './support/traffic.js';
import { until } from './support/until.js';

/** How long the network is disturbed, in seconds. */
const FLAP_SECONDS = Number(process.env.CALLSHOP_TEST_FLAP_SECONDS ?? '30');
const SEED = Number(process.env.CALLSHOP_TEST_SEED ?? String(Date.now() % 1_000_000));
interface Way {
  readonly name: string;
  /** Null is the WebSocket. */
  readonly format: StreamFormat | null;
}

const WAYS: readonly Way[] = [
  { name: 'WebSocket', format: null },
  { name: 'server-sent events', format: 'sse' },
  { name: 'multipart', format: 'multipart' },
];

let demo: Demo;
let program: TabProgram;
const tabs: Tab[] = [];

beforeAll(async () => {
  program = await TabProgram.build();
  demo = await Demo.start();
}, 150_000);

afterAll(async () => {
  await Promise.all(tabs.map((tab) => tab.close()));
  // a server that did not start has already failed the tests
  await (demo as Demo | undefined)?.stop();
  await (program as TabProgram | undefined)?.remove();
});

/** A client behind a relay, and a record of everything that the client showed. */
class Rider {
  readonly relay: Relay;
  readonly client: CallshopClient;
  readonly seen = new Seen();
  readonly backward: string[] = [];
  /** Number of requests over the rate limit, which all clients share because they have the same user. */
  limited = 0;
  readonly #leave = new AbortController();
  readonly #shown = new Map<string, { seconds: number; micros: bigint }>();
  readonly #ticker: ReturnType<typeof setInterval>;

  private constructor(relay: Relay, { format }: Way) {
    this.relay = relay;
    this.client = createClient({ url: relay.url, fetch: this.#fetch, ...(format === null ? {} : { transport: eventStreams(format) }) });
    this.client.connection.subscribe(() => this.seen.connection(this.client.connection.get().state));
    this.#ticker = setInterval(() => this.#look(), 50);
  }

  static async board(way: Way): Promise<Rider> {
    const rider = new Rider(await Relay.to(demo.port), way);
    const { login, password } = demo.user('ATTENDANT');
    await rider.client.login(login, password);
    void rider.#watch(demo.printed.callshopId);
    await until('the first state', () => rider.seen.last !== null);
    return rider;
  }

  async ride(random: Random): Promise<void> {
    await this.relay.flap(random, FLAP_SECONDS, () => this.client.connection.get().state === 'live');
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
        this.seen.show(state);
      }
    } catch (error) {
      this.seen.failure = error;
    }
  }

  readonly #fetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    this.limited += response.status === 429 ? 1 : 0;
    return response;
  };

  /** Reads time and cost like a screen that is drawn repeatedly, and records each value that decreased. */
  #look(): void {
    for (const { liveCall } of this.seen.last?.cabins ?? []) {
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

/** Two clients behind relays, and a hidden tab, all with the same transport. */
interface Party {
  readonly way: Way;
  readonly riders: readonly Rider[];
  readonly tab: Tab;
}

async function gather(way: Way): Promise<Party> {
  const riders = await Promise.all([Rider.board(way), Rider.board(way)]);
  const tab = await Tab.open(demo, program, way.format);
  tabs.push(tab);
  return { way, riders, tab };
}

/** The parts of the cabins that must be equal on two boards. Times of arrival, and values that grow during a call, are left out. */
function comparable(cabins: readonly CabinView[]): unknown {
  return cabins.map(({ cabin, session, liveCall }) => ({
    cabin,
    session: session === null ? null : settledFields(session, liveCall !== null),
    liveCall: liveCall === null ? null : { id: liveCall.id, state: liveCall.state, number: liveCall.number, maxSeconds: liveCall.maxSeconds },
  }));
}

/** The session. While a call is live, the session's figures are left out, because the call changes them. */
function settledFields(session: SessionFields, inCall: boolean): unknown {
  const { runningTotal, remaining, remainingSeconds, ...rest } = session;
  return { ...rest, counted: null, figures: inCall ? null : { runningTotal, remaining, remainingSeconds } };
}

/** The server's board, once every board is current and no event is in transit. */
async function finalBoard(reference: Reference, all: readonly Seen[]): Promise<ServerBoard> {
  const late = (): Seen[] => all.filter(({ last }) => last?.cursor !== reference.cursor || last.stale);
  const describe = (): unknown => [reference.cursor, ...late().map((seen) => [all.indexOf(seen), seen.last?.cursor, seen.last?.stale, seen.failure])];
  for (;;) {
    const board = await reference.board();
    await until('every board is current', () => late().length === 0, 60_000, describe);
    if (board.cursor === reference.cursor) {
      return board;
    }
  }
}

/** Checks that the board equals the server's snapshot, and that the board has shown each event once. */
async function expectSameBoard(seen: Seen, reference: Reference, board: ServerBoard): Promise<void> {
  expect(seen.failure).toBeNull();
  // a response about the last changed cabins may be in transit
  const isSame = (): boolean => isDeepStrictEqual(comparable(seen.last?.cabins ?? []), comparable(board.cabins));
  await until('the same board', isSame).catch(() => undefined);
  expect(seen.events).toEqual(reference.since(seen.start));
  expect(comparable(seen.last?.cabins ?? [])).toEqual(comparable(board.cabins));
}

/** Checks that the undisturbed connection has shown the events of the database. */
async function expectSameTable(reference: Reference): Promise<void> {
  const shown = (): readonly string[] => reference.events.map(({ seq, kind }) => `${seq} ${kind}`);
  const table = activityTable(demo, reference.events[0]?.seq ?? 0);
  await until('the undisturbed connection has everything', () => reference.events.length >= table.length);
  expect(shown().slice(0, table.length)).toEqual(table);
}

describe('a phone on a train, and a tab in the background', () => {
  it(
    `miss nothing, repeat nothing, and end with the server's own board (seed ${SEED}, ${FLAP_SECONDS} s)`,
    async () => {
      const owner = await Direct.as(demo, 'CALLSHOP_OWNER');
      const reference = await Reference.begin(demo, owner.token);
      const parties = await Promise.all(WAYS.map(gather));
      const riders = parties.flatMap((party) => party.riders);
      const traffic = new Traffic(demo, new Random(SEED));
      const counter = new Counter(owner, demo.printed.cabinIds, new Random(SEED + 1));
      const phones = await demo.phones();
      traffic.begin(phones);
      counter.begin();
      const hidden = parties.map(({ tab }, index) => tab.hide(new Random(SEED + 20 + index), FLAP_SECONDS));
      await Promise.all([...riders.map((rider, index) => rider.ride(new Random(SEED + 10 + index))), ...hidden]);
      await counter.end();
      await traffic.end();
      // start two calls and leave them live, so that the boards have live calls to compare
      const talks = await startTalks(owner, traffic, phones);
      const all = [...riders, ...tabs].map(({ seen }) => seen);
      const board = await finalBoard(reference, all);
      for (const seen of all) {
        await expectSameBoard(seen, reference, board);
      }
      await expectSameTable(reference);
      for (const rider of riders) {
        expect(rider.backward).toEqual([]);
        expect(rider.client.connection.get().state).toBe('live');
        expect(rider.seen.staleTimes).toBeGreaterThan(0);
      }
      report(parties, reference, counter);
      await Promise.all(talks.map((hangUp) => hangUp()));
      await Promise.all(riders.map((rider) => rider.leave()));
      await reference.end();
    },
    (FLAP_SECONDS + 180) * 1000,
  );
});

async function startTalks(owner: Direct, traffic: Traffic, phones: readonly string[]): Promise<(() => Promise<void>)[]> {
  const open = await owner.send('query($id: ID!) { cabins(callshopId: $id, first: 100) { nodes { id state } } }', { id: demo.printed.callshopId });
  const states = JSON.stringify(open).match(/"state":"[A-Z_]+"/g) ?? [];
  const free = phones.filter((_, index) => states[index] === '"state":"OPEN"');
  return Promise.all(free.slice(0, 2).map((phone) => traffic.talk(phone)));
}

/**
 * The result as text, with one line for each transport. The number of events is the same for every client, because each client showed each event once.
 */
function report(parties: readonly Party[], reference: Reference, counter: Counter): void {
  const kinds = new Map<string, number>();
  for (const { kind } of reference.events) {
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const lines = parties.map(({ way, riders, tab }) => {
    const sum = (of: (rider: Rider) => number): number => riders.reduce((total, rider) => total + of(rider), 0);
    const { counts } = tab;
    return [
      `${way.name}: ${riders.map(({ seen }) => seen.events.length).join(' and ')} events in order, once`,
      `${sum(({ relay }) => relay.counts.cuts)} cuts (${sum(({ relay }) => relay.counts.outages)} with an outage), ${sum(({ relay }) => relay.counts.stalls)} stalls`,
      `${sum(({ seen }) => seen.reconnects)} reconnects, ${sum(({ seen }) => seen.staleTimes)} times stale, ${sum(({ relay }) => relay.counts.connections)} TCP connections, ${sum(({ limited }) => limited)} requests over the limit`,
      `background tab: ${tab.seen.events.length} events, frozen ${counts.freezes} times for ${counts.frozenSeconds} s, ${tab.seen.reconnects} reconnects`,
    ].join('; ');
  });
  const done = [...counter.done].map(([what, times]) => `${what} ${times}`).join(', ');
  const events = [...kinds].map(([kind, times]) => `${kind} ${times}`).join(', ');
  console.info([`seed ${SEED}: ${reference.events.length} events in the activity table: ${events}`, `counter: ${done}`, ...lines].join('\n'));
}
