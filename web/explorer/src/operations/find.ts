import { at, listAt, textAt } from '../json';
import { isWanted, type Thing, type Value } from './ready';

/** Runs a query with the user's token and returns its `data`; null if the server refused it. */
export type Query = (query: string, variables: Readonly<Record<string, string>>) => Promise<unknown>;

type Found = string | readonly string[] | null;

/** An operation's variables, and the names of the things that could not be found. */
export interface Filled {
  readonly variables: unknown;
  readonly missing: readonly string[];
}

const NOUNS: Partial<Record<Thing, string>> = {
  account: 'account',
  amountDue: 'unpaid session',
  billedSession: 'session',
  callshop: 'callshop',
  child: 'account below yours',
  closedSession: 'closed, unpaid session',
  draftVersion: 'draft of a tariff',
  endedCall: 'call that has ended',
  freeCabin: 'free cabin',
  liveCall: 'live call',
  occupiedCabin: 'occupied cabin',
  openSession: 'open session',
  otherFreeCabin: 'free cabin',
  settledSession: 'settled session',
  tariff: 'tariff of your account',
  unusedSession: 'open session without a call',
};

/** Fills in the ids that a ready operation needs, from the shop's current state. */
export async function fill(variables: Value, query: Query, random: () => string): Promise<Filled> {
  const missing = new Set<string>();
  const finder = new Finder(query, random);
  const resolve = async (value: Value): Promise<unknown> => {
    if (isWanted(value)) {
      const found = await finder.find(value.want);
      if (found === null) {
        missing.add(NOUNS[value.want] ?? value.want);
      }
      return found ?? '';
    }
    if (Array.isArray(value)) {
      return Promise.all(value.map(resolve));
    }
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).map(async ([name, inner]) => [name, await resolve(inner)] as const);
      return Object.fromEntries(await Promise.all(entries));
    }
    return value;
  };
  return { variables: await resolve(variables), missing: [...missing] };
}

const CABINS = `query ($shop: ID!) { cabins(callshopId: $shop, first: 100) {
  nodes { id state phone { id blockedAt } currentSession { id calls(first: 1) { nodes { id } } } } } }`;
const SESSIONS = `query ($shop: ID!) {
  closed: sessions(callshopId: $shop, filter: { states: [CLOSED] }, first: 100) { nodes { id amountDue { amount } } }
  open: sessions(callshopId: $shop, filter: { states: [OPEN] }, first: 1) { nodes { id } }
  settled: sessions(callshopId: $shop, filter: { states: [SETTLED] }, first: 20) {
    nodes { id total { amount } refunded { amount } payments { kind } } } }`;
const CALLS = `query ($shop: ID!) {
  liveCalls(callshopId: $shop) { id state }
  calls(callshopId: $shop, first: 50) { nodes { id state } } }`;
const TARIFFS = `{ tariffs(first: 20) { nodes { id currency versions(first: 10) { nodes { id state } } } } }`;

class Finder {
  readonly #query: Query;
  readonly #random: () => string;
  /** The response of each query that was sent; a query can find several things, but is sent only once. */
  readonly #answers = new Map<string, Promise<unknown>>();

  constructor(query: Query, random: () => string) {
    this.#query = query;
    this.#random = random;
  }

  async find(thing: Thing): Promise<Found> {
    switch (thing) {
      case 'key':
        return `explorer-${this.#random()}`;
      case 'name':
        return `user-${this.#random()}`;
      case 'password':
        return `choose ${this.#random()} yourself`;
      case 'today':
        return day(0);
      case 'weekAgo':
        return day(-6);
      case 'callshop':
        return this.#callshop();
      case 'account':
        return (await this.#own('account', '{ id }')) ?? this.#callshop();
      case 'child':
        return this.#child();
      case 'currency':
        return this.#currency();
      case 'tariff':
        return textAt(await this.#ask(TARIFFS), 'tariffs', 'nodes', 0, 'id');
      case 'draftVersion':
        return this.#draft();
      case 'freeCabin':
      case 'otherFreeCabin':
      case 'occupiedCabin':
      case 'openSession':
      case 'unusedSession':
        return this.#inCabins(thing);
      case 'amountDue':
      case 'billedSession':
      case 'closedSession':
      case 'settledSession':
      case 'unpaidSessions':
        return this.#inSessions(thing);
      case 'liveCall':
      case 'endedCall':
        return this.#inCalls(thing);
    }
  }

  /**
   * The id of an object in a field of `viewer`. Each field is requested in its own query, because a query with a field that the role's schema lacks
   * fails as a whole.
   */
  async #own(field: 'account' | 'callshop', selection: string): Promise<string | null> {
    return textAt(await this.#ask(`{ viewer { ${field} ${selection} } }`), 'viewer', field, 'id');
  }

  async #callshop(): Promise<string | null> {
    const own = await this.#own('callshop', '{ id }');
    return own ?? textAt(await this.#ask('{ callshops(first: 1) { nodes { id } } }'), 'callshops', 'nodes', 0, 'id');
  }

  /** A direct child: an account if there is one, else a callshop. */
  async #child(): Promise<string | null> {
    const children = await this.#ask('{ viewer { account { children(first: 1) { nodes { id } } } } }');
    return textAt(children, 'viewer', 'account', 'children', 'nodes', 0, 'id') ?? this.#callshop();
  }

  async #currency(): Promise<string | null> {
    const data = await this.#ask('{ callshops(first: 1) { nodes { currency } } }');
    return textAt(data, 'callshops', 'nodes', 0, 'currency');
  }

  async #draft(): Promise<string | null> {
    const tariffs = listAt(await this.#ask(TARIFFS), 'tariffs', 'nodes');
    const versions = tariffs.flatMap((tariff) => listAt(tariff, 'versions', 'nodes'));
    return textAt(versions.find((version) => at(version, 'state') === 'DRAFT'), 'id');
  }

  async #inCabins(thing: 'freeCabin' | 'otherFreeCabin' | 'occupiedCabin' | 'openSession' | 'unusedSession'): Promise<Found> {
    const cabins = listAt(await this.#inShop(CABINS), 'cabins', 'nodes');
    const isFree = (cabin: unknown): boolean =>
      at(cabin, 'state') === 'CLOSED' && textAt(cabin, 'phone', 'id') !== null && at(cabin, 'currentSession') === null;
    const occupied = cabins.filter((cabin) => textAt(cabin, 'currentSession', 'id') !== null);
    // this user probably opened the last unused session a moment ago
    const unused = occupied.filter((cabin) => listAt(cabin, 'currentSession', 'calls', 'nodes').length === 0).at(-1);
    switch (thing) {
      case 'freeCabin':
      case 'otherFreeCabin':
        return textAt(cabins.find(isFree), 'id');
      case 'occupiedCabin':
        return textAt(unused ?? occupied[0], 'id');
      case 'openSession':
        return textAt(unused ?? occupied[0], 'currentSession', 'id');
      case 'unusedSession':
        return textAt(unused, 'currentSession', 'id');
    }
  }

  async #inSessions(thing: 'amountDue' | 'billedSession' | 'closedSession' | 'settledSession' | 'unpaidSessions'): Promise<Found> {
    const data = await this.#inShop(SESSIONS);
    const closed = listAt(data, 'closed', 'nodes');
    switch (thing) {
      case 'billedSession':
        return textAt(closed[0] ?? at(data, 'settled', 'nodes', 0) ?? at(data, 'open', 'nodes', 0), 'id');
      case 'closedSession':
        return textAt(closed[0], 'id');
      case 'amountDue':
        return textAt(closed[0], 'amountDue', 'amount');
      case 'unpaidSessions':
        return closed.flatMap((session) => textAt(session, 'id') ?? []);
      case 'settledSession':
        return textAt(settled(listAt(data, 'settled', 'nodes')), 'id');
    }
  }

  async #inCalls(thing: 'liveCall' | 'endedCall'): Promise<Found> {
    const data = await this.#inShop(CALLS);
    if (thing === 'liveCall') {
      const calls = listAt(data, 'liveCalls');
      return textAt(calls.find((call) => at(call, 'state') === 'ANSWERED') ?? calls[0], 'id');
    }
    return textAt(listAt(data, 'calls', 'nodes').find((call) => at(call, 'state') === 'ENDED'), 'id');
  }

  async #inShop(query: string): Promise<unknown> {
    const shop = await this.#callshop();
    return shop === null ? null : this.#ask(query, { shop });
  }

  #ask(query: string, variables: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const asked = this.#answers.get(query) ?? this.#query(query, variables);
    this.#answers.set(query, asked);
    return asked;
  }
}

/** A settled session that can be refunded and whose receipt the user may see. A colleague's payments are hidden from attendants. */
function settled(sessions: readonly unknown[]): unknown {
  const isRefundable = (session: unknown): boolean => {
    const [total, refunded] = [textAt(session, 'total', 'amount'), textAt(session, 'refunded', 'amount')];
    return refunded !== null && total !== '0' && total !== refunded && listAt(session, 'payments').length > 0;
  };
  return sessions.find(isRefundable) ?? sessions[0];
}

function day(offset: number): string {
  const date = new Date();
  date.setDate(date.getDate() + offset);
  const two = (part: number): string => part.toString().padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
