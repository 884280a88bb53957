import {
  buildClientSchema,
  getIntrospectionQuery,
  getOperationAST,
  OperationTypeNode,
  parse,
  type GraphQLSchema,
  type IntrospectionQuery,
} from 'graphql';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { at, isFields, listAt, textAt, type Fields } from '../src/json';
import { readyFor } from '../src/operations';
import { fill, type Query } from '../src/operations/find';
import type { Ready } from '../src/operations/ready';
import { startDemo, type Demo } from './support/demo';

/** The owner comes first, because some operations of the other roles need the results of the owner's operations, such as a limit for discounts. */
const ROLES = ['CALLSHOP_OWNER', 'ATTENDANT', 'RESELLER', 'DISTRIBUTOR', 'ADMIN'];

/** For some operations (by title), error codes that are correct in the demo, because the demo's register is open and its cabins are occupied. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  'Open the register': ['REGISTER_OPEN'],
  'Close the register': ['OPEN_ITEMS'],
};
/** Operations that fail for these roles, by title, because a reseller must be between these roles and a shop. */
const NOT_THEIRS: Readonly<Record<string, readonly string[]>> = {
  'Create a callshop': ['ADMIN', 'DISTRIBUTOR'],
};

let demo: Demo;
let random = 0;

beforeAll(async () => {
  demo = await startDemo({ traffic: true });
});
afterAll(async () => {
  await demo.stop();
});

async function schemaOf(role: string | null): Promise<GraphQLSchema> {
  const data = at(await demo.ask(role, getIntrospectionQuery()), 'data');
  if (!isIntrospection(data)) {
    throw new Error('no schema');
  }
  return buildClientSchema(data);
}

function isIntrospection(data: unknown): data is IntrospectionQuery {
  return isFields(data) && isFields(data.__schema);
}

/** Runs a ready operation as the explorer does: fills in the ids, then sends the operation. Returns the first message of a subscription. */
async function run(role: string, { document, variables }: Ready): Promise<unknown> {
  const query: Query = async (text, values) => at(await demo.ask(role, text, values), 'data');
  random += 1;
  // customers come and go, so there might not be a live call or an ended call yet
  const filled = await vi.waitFor(
    async () => {
      const found = await fill(variables, query, () => random.toString());
      expect(found.missing).toEqual([]);
      return isFields(found.variables) ? found.variables : {};
    },
    { timeout: 40_000, interval: 250 },
  );
  const isLive = getOperationAST(parse(document))?.operation === OperationTypeNode.SUBSCRIPTION;
  return isLive ? firstMessage(role, document, filled) : demo.ask(role, document, filled);
}

async function firstMessage(role: string, query: string, variables: Fields): Promise<unknown> {
  const client = createClient({
    url: demo.http.replace('http', 'ws'),
    connectionParams: { authorization: `Bearer ${demo.user(role).token}` },
    retryAttempts: 0,
  });
  try {
    for await (const message of client.iterate({ query, variables })) {
      return message;
    }
    return null;
  } finally {
    await client.dispose();
  }
}

function codesIn(body: unknown): readonly string[] {
  const data = at(body, 'data');
  const [payload] = Object.values(isFields(data) ? data : {});
  return listAt(payload, 'userErrors').map((error) => textAt(error, 'code') ?? '');
}

describe.each(ROLES)('as %s', (role) => {
  it('every operation that is offered runs as it is', async () => {
    const offered = readyFor(await schemaOf(role)).filter(({ title }) => title !== 'Log in, as a mutation');
    expect(offered.length).toBeGreaterThan(5);
    for (const ready of offered) {
      if (NOT_THEIRS[ready.title]?.includes(role) !== true) {
        const body = await run(role, ready);
        const told = `${ready.title}: ${JSON.stringify(body)}`;
        expect(at(body, 'errors'), told).toBeUndefined();
        expect(codesIn(body), told).toEqual(EXPECTED[ready.title] ?? []);
      }
    }
  });
});

describe('without a login', () => {
  it('only the login is offered', async () => {
    const offered = readyFor(await schemaOf(null));
    expect(offered.map(({ title }) => title)).toEqual(['Who am I?', 'Log in, as a mutation']);
  });
});
