import { parse } from 'graphql';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { describe, expect, it } from 'vitest';
import { CallshopError, createClient, webStorage, type CallshopClient } from '../src/index.js';
import { memoryStore } from '../src/store.js';
import { FakeServer, json, refused, tokens, type Answering } from './support/fakes.js';
import { login } from './support/fixtures.js';
import { until } from './support/until.js';

type Anything = Record<string, unknown>;

function document(text: string): TypedDocumentNode<Anything, Anything> {
  return parse(text);
}

const QUERY = document('query Name { viewer { name } }');
const MUTATION = document('mutation Open($input: OpenCabinInput!) { openCabin(input: $input) { session { id } userErrors { code message field } } }');

function clientOf(answer: Answering): { client: CallshopClient; server: FakeServer } {
  const store = memoryStore();
  store.save(login());
  const server = new FakeServer(answer);
  return { server, client: createClient({ url: 'http://shop/graphql', fetch: server.fetch, store, locale: () => 'pt-BR' }) };
}

async function failure(promise: Promise<unknown>): Promise<CallshopError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CallshopError)) {
    throw new Error(`Not a CallshopError: ${String(error)}`);
  }
  return error;
}

describe('a token that cannot be refreshed', () => {
  it('is sent as it is, and its refusal ends the client without a refresh', async () => {
    let good = true;
    const server = new FakeServer(() => (good ? json({ data: { viewer: null } }) : refused('UNAUTHENTICATED', 401)));
    const client = createClient({ url: 'http://shop/graphql', fetch: server.fetch, token: 'screen-1' });
    expect(await client.request(QUERY, {})).toEqual({ viewer: null });
    expect(server.sent[0]).toMatchObject({ headers: { authorization: 'Bearer screen-1' } });
    good = false;
    expect((await failure(client.request(QUERY, {}))).code).toBe('UNAUTHENTICATED');
    expect((await failure(client.request(QUERY, {}))).code).toBe('UNAUTHENTICATED');
    // the second request is not even sent, and nothing asked for another token
    expect(server.sent.map(({ name }) => name)).toEqual(['Name', 'Name']);
  });
});

describe('a request', () => {
  it('sends the document, the token and the language', async () => {
    const { client, server } = clientOf(() => json({ data: { viewer: { name: 'ana' } } }));
    expect(await client.request(QUERY, {})).toEqual({ viewer: { name: 'ana' } });
    expect(server.sent[0]).toMatchObject({
      url: 'http://shop/graphql',
      headers: { authorization: 'Bearer access-1', 'accept-language': 'pt-BR', 'content-type': 'application/json' },
      variables: {},
    });
    expect(server.sent[0]?.query).toContain('query Name');
  });

  it('without a login is not sent', async () => {
    const server = new FakeServer(() => json({}));
    const client = createClient({ url: 'http://shop/graphql', fetch: server.fetch });
    expect((await failure(client.request(QUERY, {}))).code).toBe('UNAUTHENTICATED');
    expect(server.sent).toEqual([]);
  });

  it('whose token is refused is sent again with a new one: one refresh for all', async () => {
    const { client, server } = clientOf(({ name, headers }) => {
      if (name === 'Refresh') {
        return tokens('refresh', 2);
      }
      return headers.authorization === 'Bearer access-2' ? json({ data: { viewer: null } }) : refused('UNAUTHENTICATED', 401);
    });
    await Promise.all(Array.from({ length: 20 }, () => client.request(QUERY, {})));
    expect([server.count('Refresh'), server.count('Name')]).toEqual([1, 40]);
  });

  it('whose new token is refused, too, fails', async () => {
    const { client, server } = clientOf(({ name }) => (name === 'Refresh' ? tokens('refresh', 2) : refused('UNAUTHENTICATED', 401)));
    expect((await failure(client.request(QUERY, {}))).code).toBe('UNAUTHENTICATED');
    expect(server.count('Name')).toBe(2);
  });

  it('that is aborted throws the reason, not an error of the network', async () => {
    const { client, server } = clientOf(() => new Promise(() => undefined));
    const abort = new AbortController();
    const running = client.request(QUERY, {}, { signal: abort.signal });
    await until('the request is on its way', () => server.sent.length === 1);
    abort.abort(new Error('The page has been left.'));
    await expect(running).rejects.toThrow('The page has been left.');
  });
});

describe('a text in place of a parsed document', () => {
  it('is refused with a remedy, and not sent', async () => {
    const { client, server } = clientOf(() => json({ data: {} }));
    const request: (...values: never) => Promise<unknown> = client.request.bind(client);
    // pass text instead of a parsed document, as a program without types may do
    const sent: unknown = Reflect.apply(request, null, ['query Name { viewer { name } }', {}]);
    const error = await failure(Promise.resolve(sent));
    expect(error.code).toBe('BAD_REQUEST');
    expect(error.message).toContain('parse(text)');
    expect(server.sent).toEqual([]);
  });
});

describe('an error', () => {
  it('of the top level has its code, its request, and the time to wait', async () => {
    const { client } = clientOf(() => refused('RATE_LIMITED', 429, { retryAfter: 7, requestId: 'r-1' }));
    const error = await failure(client.request(QUERY, {}));
    expect(error).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 7, requestId: 'r-1', message: 'It is RATE_LIMITED.', userErrors: [] });
  });

  it('takes what only the headers say', async () => {
    const body = { errors: [{ message: 'Busy.', extensions: { code: 'OVERLOADED' } }] };
    const { client } = clientOf(() => json(body, 503, { 'retry-after': '5', 'x-request-id': 'r-2' }));
    expect(await failure(client.request(QUERY, {}))).toMatchObject({ code: 'OVERLOADED', retryAfterSeconds: 5, requestId: 'r-2' });
  });

  it('beside data throws, too', async () => {
    const { client } = clientOf(() => json({ data: { viewer: null }, errors: [{ message: 'Not you.', extensions: { code: 'FORBIDDEN' } }] }));
    expect((await failure(client.request(QUERY, {}))).code).toBe('FORBIDDEN');
  });

  it('with a code of a later server keeps it', async () => {
    const { client } = clientOf(() => refused('CODE_OF_A_LATER_SERVER'));
    expect(await failure(client.request(QUERY, {}))).toMatchObject({ code: 'UNKNOWN', rawCode: 'CODE_OF_A_LATER_SERVER' });
  });

  it.each([
    [502, 'OVERLOADED'],
    [503, 'OVERLOADED'],
    [429, 'RATE_LIMITED'],
    [404, 'BAD_RESPONSE'],
    [200, 'BAD_RESPONSE'],
  ])('page of a proxy (%i) is %s', async (status, code) => {
    const { client } = clientOf(() => new Response('<html>', { status }));
    expect((await failure(client.request(QUERY, {}))).code).toBe(code);
  });

  it('of the network is one, with its cause', async () => {
    const cause = new TypeError('fetch failed');
    const { client } = clientOf(() => Promise.reject(cause));
    const error = await failure(client.request(QUERY, {}));
    expect([error.code, error.cause]).toEqual(['NETWORK', cause]);
  });
});

describe('a mutation', () => {
  const answering = (userErrors: unknown) => () => json({ data: { openCabin: { session: null, userErrors } } }, 200, { 'x-request-id': 'r-3' });

  it('that worked returns its data', async () => {
    const { client } = clientOf(answering([]));
    expect(await client.request(MUTATION, { input: {} })).toEqual({ openCabin: { session: null, userErrors: [] } });
  });

  it('with user errors throws all of them, with the first one\'s code', async () => {
    const errors = [
      { code: 'REGISTER_CLOSED', message: 'Open the register first.', field: [] },
      { code: 'INVALID_INPUT', message: 'Too long.', field: ['input', 'customer'] },
    ];
    const { client } = clientOf(answering(errors));
    expect(await failure(client.request(MUTATION, { input: {} }))).toMatchObject({
      code: 'REGISTER_CLOSED',
      message: 'Open the register first.',
      userErrors: errors,
      requestId: 'r-3',
    });
  });

  it.each([
    ['{ code }', { code: 'REGISTER_CLOSED' }, { code: 'REGISTER_CLOSED', message: 'The server refused the mutation: REGISTER_CLOSED.' }],
    ['{ message }', { message: 'Open the register first.' }, { code: 'UNKNOWN', message: 'Open the register first.' }],
    [
      '{ code message }',
      { code: 'REGISTER_CLOSED', message: 'Open the register first.' },
      { code: 'REGISTER_CLOSED', message: 'Open the register first.' },
    ],
    ['{ field }', { field: ['input', 'customer'] }, { code: 'UNKNOWN', message: 'The server refused the mutation: UNKNOWN.' }],
    ['{ __typename }', { __typename: 'UserError' }, { code: 'UNKNOWN', message: 'The server refused the mutation: UNKNOWN.' }],
  ])('that selects userErrors %s throws them, too', async (_, sent, { code, message }) => {
    const { client } = clientOf(answering([sent]));
    expect(await failure(client.request(MUTATION, { input: {} }))).toMatchObject({
      code,
      message,
      userErrors: [{ code, message, field: 'field' in sent ? sent.field : [] }],
    });
  });

  it('refused with a code of a later server keeps it', async () => {
    const { client } = clientOf(answering([{ code: 'CODE_OF_A_LATER_SERVER' }]));
    expect(await failure(client.request(MUTATION, { input: {} }))).toMatchObject({ code: 'UNKNOWN', rawCode: 'CODE_OF_A_LATER_SERVER' });
  });

  it('that does not select its user errors is refused, because its failure would go unseen', async () => {
    const { client } = clientOf(() => json({ data: { openCabin: { session: null } } }));
    expect((await failure(client.request(MUTATION, { input: {} }))).message).toContain('userErrors');
  });

  it('is the only kind of operation whose user errors throw', async () => {
    const quote = { quote: { userErrors: [{ code: 'DESTINATION_BLOCKED', message: 'Blocked.', field: [] }] } };
    const { client } = clientOf(() => json({ data: quote }));
    expect(await client.request(document('query Quote { quote { userErrors { code } } }'), {})).toEqual(quote);
  });
});

describe('webStorage', () => {
  function storageOf(text: string | null): Storage & { readonly items: Map<string, string> } {
    const items = new Map(text === null ? [] : [['callshop.session', text]]);
    return {
      items,
      length: 0,
      clear: () => items.clear(),
      key: () => null,
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => {
        items.set(key, value);
      },
      removeItem: (key) => {
        items.delete(key);
      },
    };
  }

  it('keeps a session, and forgets it', () => {
    const storage = storageOf(null);
    const session = login();
    webStorage(storage).save(session);
    expect(webStorage(storage).load()).toEqual(session);
    webStorage(storage).save(null);
    expect([webStorage(storage).load(), storage.items.size]).toEqual([null, 0]);
  });

  it.each(['', '{', 'null', '[]', '{"accessToken":"a"}', JSON.stringify({ ...login(), viewer: { id: 'user' } }), JSON.stringify({ ...login(), refreshToken: 7 })])(
    'takes %s for no session',
    (text) => {
      expect(webStorage(storageOf(text)).load()).toBeNull();
    },
  );
});

describe('an upload', () => {
  interface Put {
    readonly url: string;
    readonly init: RequestInit | undefined;
  }

  function uploader(answer: () => Response | Promise<Response>, url = 'http://shop/api/graphql'): { client: CallshopClient; puts: Put[] } {
    const puts: Put[] = [];
    const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      puts.push({ url: String(input instanceof Request ? input.url : input), init });
      return answer();
    };
    return { client: createClient({ url, fetch, locale: () => 'es' }), puts };
  }

  it('sends the unchanged file to the address of the server, without a token', async () => {
    const { client, puts } = uploader(() => json({ state: 'READING' }, 202));
    const file = new Blob(['351,0.01']);
    await client.upload('/tariff-imports/1?until=2&signature=3', file);
    expect(puts.map(({ url, init }) => [url, init?.method, init?.body, init?.headers])).toEqual([
      ['http://shop/tariff-imports/1?until=2&signature=3', 'PUT', file, { 'accept-language': 'es' }],
    ]);
  });

  it('that the server refuses has the code and the time to wait', async () => {
    const body = { errors: [{ message: 'Full.', extensions: { code: 'OVERLOADED' } }] };
    const { client } = uploader(() => json(body, 503, { 'retry-after': '5', 'x-request-id': 'r-3' }));
    const error = await failure(client.upload('/tariff-imports/1', new Blob([])));
    expect(error).toMatchObject({ code: 'OVERLOADED', message: 'Full.', retryAfterSeconds: 5, requestId: 'r-3' });
  });

  it('that a proxy refuses has the code of its status', async () => {
    const { client } = uploader(() => new Response('<h1>Too many</h1>', { status: 429 }));
    expect((await failure(client.upload('/tariff-imports/1', new Blob([])))).code).toBe('RATE_LIMITED');
  });

  it('that breaks off is an error of the network, unless it was aborted', async () => {
    const { client } = uploader(() => Promise.reject(new TypeError('Failed to fetch')));
    expect((await failure(client.upload('/tariff-imports/1', new Blob([])))).code).toBe('NETWORK');
    const abort = new AbortController();
    abort.abort(new Error('The import was canceled.'));
    await expect(client.upload('/tariff-imports/1', new Blob([]), { signal: abort.signal })).rejects.toThrow('The import was canceled.');
  });
});
