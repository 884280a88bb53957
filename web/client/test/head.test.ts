import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { Kind } from 'graphql';
import { expect, it } from 'vitest';
import { isDataOf } from '../src/http.js';
import { createClient, type ShopState } from '../src/index.js';
import { ConnectionLost, type Transport } from '../src/transport.js';
import { until } from './support/until.js';

/** A transport that a test controls step by step. Each operation has its own connection, as with event streams. */
class Hand implements Transport {
  readonly connection = { get: () => ({ state: 'live', since: 0 }) as const, subscribe: () => () => undefined };
  readonly runs: { readonly name: string; next: (data: unknown) => void; lose: () => void }[] = [];

  want(): () => void {
    return () => undefined;
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  run<T, V>(document: TypedDocumentNode<T, V>, _: V, next: (data: T) => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const [definition] = document.definitions;
      const name = definition?.kind === Kind.OPERATION_DEFINITION ? (definition.name?.value ?? '') : '';
      const give = (data: unknown): void => {
        if (isDataOf(document, data)) {
          next(data);
        }
      };
      this.runs.push({ name, next: give, lose: () => reject(new ConnectionLost('lost')) });
      signal.addEventListener('abort', () => resolve());
    });
  }

  dispose(): void {
    this.runs.splice(0);
  }

  async nth(name: string, count: number): Promise<(typeof this.runs)[number]> {
    const found = (): typeof this.runs => this.runs.filter((run) => run.name === name);
    await until(`${name} number ${count}`, () => found().length >= count);
    const run = found()[count - 1];
    if (run === undefined) {
      throw new Error(`${name} does not run.`);
    }
    return run;
  }
}

it('a board whose connection for the head alone is lost asks for the head again, and becomes current', async () => {
  const hand = new Hand();
  const client = createClient({ url: 'http://127.0.0.1:9/graphql', token: 'token', transport: () => hand });
  const states: ShopState[] = [];
  void (async () => {
    for await (const state of client.liveCallshop('shop')) {
      states.push(state);
    }
  })();
  const snapshot = { asOf: new Date().toISOString(), cabins: [], liveCalls: [], register: null, unpaidSessions: [] };
  const first = await hand.nth('CallshopActivity', 1);
  first.next({ callshopActivity: { cursor: 'c1', cursorExpired: false, snapshot, event: null } });
  await until('the first state', () => states.at(-1)?.stale === false);
  first.lose();
  await until('a stale state', () => states.at(-1)?.stale === true);
  (await hand.nth('CallshopHead', 1)).lose();
  (await hand.nth('CallshopHead', 2)).next({ callshopActivity: { cursor: 'c1', snapshot: { asOf: new Date().toISOString() } } });
  await until('a current state', () => states.at(-1)?.stale === false);
  expect(hand.runs.filter(({ name }) => name === 'CallshopActivity')).toHaveLength(2);
  client.dispose();
});
