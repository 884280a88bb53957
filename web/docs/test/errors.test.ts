import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemo, type Demo } from '../../explorer/e2e/support/demo';
import { at, listAt, textAt } from '../../explorer/src/json';
import { TOP_LEVEL } from '../scripts/errorGuide';
import { errorPage, topLevelCodes, userErrorCodes } from '../scripts/errors';

describe('the catalogue', () => {
  it('has every code of the sources, and no other', async () => {
    const page = await errorPage();
    for (const { code } of await userErrorCodes()) {
      expect(page).toContain(`| \`${code}\` |`);
    }
    for (const code of await topLevelCodes()) {
      expect(page).toContain(`| \`${code}\` |`);
    }
  });
});

/** A request, and the code and status that the catalog promises for it. */
interface Case {
  readonly code: string;
  readonly status: number;
  readonly init: RequestInit;
  /** Added to the address. */
  readonly search?: string;
}

const json = { 'content-type': 'application/json' };
const strict = { ...json, accept: 'application/graphql-response+json' };
const post = (query: string, headers: Record<string, string> = strict, rest: object = {}): RequestInit => ({
  method: 'POST',
  headers,
  body: JSON.stringify({ query, ...rest }),
});
const repeated = (count: number, make: (index: number) => string): string => Array.from({ length: count }, (_, n) => make(n)).join(' ');
const nested = (levels: number): string => `${'{ viewer '.repeat(levels)}{ id }${' }'.repeat(levels)}`;

/** A request with a hash that no document has. */
const named = (headers: Record<string, string>): RequestInit => ({
  method: 'POST',
  headers,
  body: JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } }),
});

const CASES: readonly Case[] = [
  { code: 'UNAUTHENTICATED', status: 401, init: post('{ viewer { id } }', { ...json, authorization: 'Bearer x' }) },
  { code: 'FORBIDDEN_ORIGIN', status: 403, init: post('{ viewer { id } }', { ...json, origin: 'https://elsewhere.example' }) },
  { code: 'GRAPHQL_PARSE_FAILED', status: 400, init: post('{') },
  { code: 'GRAPHQL_PARSE_FAILED', status: 200, init: post('{', json) },
  { code: 'GRAPHQL_VALIDATION_FAILED', status: 400, init: post('{ callshops(first: 1) { nodes { id } } }') },
  { code: 'BAD_VARIABLES', status: 400, init: post('query ($skip: Boolean!) { viewer { id @skip(if: $skip) } }') },
  { code: 'OPERATION_NAME_REQUIRED', status: 400, init: post('query A { __typename } query B { __typename }') },
  { code: 'UNKNOWN_OPERATION', status: 400, init: post('query A { __typename }', strict, { operationName: 'B' }) },
  { code: 'FRAGMENT_CYCLE', status: 400, init: post('{ ...A } fragment A on Query { ...A }') },
  { code: 'DOCUMENT_TOO_DEEP', status: 400, init: post(nested(60)) },
  { code: 'TOO_MANY_TOKENS', status: 400, init: post(`{ ${repeated(10_001, () => 'a')} }`) },
  { code: 'TOO_MANY_DEFINITIONS', status: 400, init: post(repeated(101, (n) => `query Q${n} { __typename }`)) },
  { code: 'QUERY_TOO_DEEP', status: 400, init: post(nested(20)) },
  { code: 'TOO_MANY_FIELDS', status: 400, init: post(`{ ${repeated(1_001, () => '__typename')} }`) },
  { code: 'TOO_MANY_ALIASES', status: 400, init: post(`{ ${repeated(101, (n) => `a${n}: __typename`)} }`) },
  { code: 'TOO_MANY_DIRECTIVES', status: 400, init: post(`{ ${repeated(51, () => '__typename @skip(if: false)')} }`) },
  { code: 'BAD_REQUEST', status: 400, init: { method: 'POST', headers: json, body: '"text"' } },
  { code: 'BATCHES_REFUSED', status: 400, init: { method: 'POST', headers: json, body: '[]' } },
  { code: 'JSON_TOO_DEEP', status: 400, init: { method: 'POST', headers: json, body: `${'['.repeat(40)}${']'.repeat(40)}` } },
  { code: 'METHOD_NOT_ALLOWED', status: 405, init: { method: 'PUT', headers: json, body: '{}' } },
  {
    code: 'METHOD_NOT_ALLOWED',
    status: 405,
    init: {},
    search: `?query=${encodeURIComponent('mutation { refresh(input: {refreshToken: "x"}) { accessToken } }')}`,
  },
  { code: 'PERSISTED_QUERY_NOT_FOUND', status: 400, init: named(strict) },
  { code: 'PERSISTED_QUERY_NOT_FOUND', status: 200, init: named(json) },
  { code: 'PERSISTED_QUERY_MISMATCH', status: 400, init: post('{ __typename }', strict, { documentId: 'sha256:0' }) },
  {
    code: 'INVALID_TICKET',
    status: 401,
    init: { headers: { accept: 'text/event-stream' } },
    search: `?query=${encodeURIComponent('{ __typename }')}&ticket=x`,
  },
  { code: 'NOT_ACCEPTABLE', status: 406, init: post('{ viewer { id } }', { ...json, accept: 'text/html' }) },
  { code: 'UNSUPPORTED_MEDIA_TYPE', status: 415, init: { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' } },
  { code: 'BODY_TOO_LARGE', status: 413, init: post(`{ viewer { id } } # ${'x'.repeat(2 ** 21)}`) },
];

describe('the server', () => {
  let demo: Demo;
  beforeAll(async () => {
    demo = await startDemo({ traffic: false });
  });
  afterAll(async () => {
    await demo.stop();
  });

  it.each(CASES)('answers $code with status $status', async ({ code, status, init, search = '' }) => {
    const response = await fetch(`${demo.http}${search}`, init);
    const body: unknown = await response.json();
    expect(textAt(body, 'errors', 0, 'extensions', 'code')).toBe(code);
    expect(response.status).toBe(status);
    expect(TOP_LEVEL[code]?.status).toContain(status.toString());
  });

  it('refuses a subscription over plain HTTP, and tells the code of a missing object', async () => {
    const subscription = await demo.ask('ATTENDANT', 'subscription { liveCalls(callshopId: "x") { asOf } }');
    expect(textAt(subscription, 'errors', 0, 'extensions', 'code')).toBe('SUBSCRIPTION_NEEDS_STREAM');
    const missing = await demo.ask('ATTENDANT', '{ cabins(callshopId: "x") { nodes { id } } }');
    expect(textAt(missing, 'errors', 0, 'extensions', 'code')).toBe('NOT_FOUND');
  });

  it('answers with userErrors what the user can correct', async () => {
    const mutation = 'mutation ($input: CloseCabinInput!) { closeCabin(input: $input) { session { id } userErrors { code field message } } }';
    const body = await demo.ask('ATTENDANT', mutation, { input: { cabinId: demo.cabinIds[7] } });
    expect(listAt(body, 'data', 'closeCabin', 'userErrors').map((error) => textAt(error, 'code'))).toEqual(['ILLEGAL_STATE']);
  });

  it('limits the rate of a user, and says how long to wait', async () => {
    const headers = { ...json, authorization: `Bearer ${demo.user('ADMIN').token}` };
    // A mutation counts once for each root field. Ten mutations of 90 fields exceed the burst even on a machine that is too slow for
    // hundreds of requests a second.
    const counted = post(`mutation { ${repeated(90, (n) => `a${n}: __typename`)} }`, headers);
    const responses = await Promise.all(Array.from({ length: 10 }, () => fetch(demo.http, counted)));
    const refused = responses.find(({ status }) => status === 429);
    const body: unknown = await refused?.json();
    expect(textAt(body, 'errors', 0, 'extensions', 'code')).toBe('RATE_LIMITED');
    expect(Number(refused?.headers.get('retry-after'))).toBe(at(body, 'errors', 0, 'extensions', 'retryAfter'));
  });
});
