import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallshopError } from '../src/index.js';
import { SessionKeeper } from '../src/session.js';
import { memoryStore, viewerStorage } from '../src/store.js';
import type { Session, SessionStore } from '../src/types.js';
import { FakeServer, json, refused, tokens, type Answering } from './support/fakes.js';
import { login } from './support/fixtures.js';

const LOST = new TypeError('fetch failed');

function keeperOf(answer: Answering, session: Session | null = login(), store: SessionStore = memoryStore()) {
  store.save(session);
  const server = new FakeServer(answer);
  const keeper = new SessionKeeper({ url: 'http://shop/graphql', fetch: server.fetch, locale: undefined }, store);
  return { server, keeper, store };
}

const soon = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString();

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 29, 8) });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('login', () => {
  it('keeps the tokens, and asks who it is that the role can be told', async () => {
    const { server, keeper, store } = keeperOf((sent) => {
      if (sent.name === 'Login') {
        return tokens('login', 1);
      }
      const { viewer } = login();
      return json({ data: { viewer: { ...viewer, account: undefined } } });
    }, null);
    const session = await keeper.login('ana@shop', 'secret');
    expect(session).toMatchObject({ accessToken: 'access-1', refreshToken: 'refresh-1', viewer: { login: 'ana@shop', callshop: { id: 'shop' }, account: { id: 'shop' } } });
    expect(keeper.session.get()).toBe(session);
    expect(store.load()).toBe(session);
    expect(server.sent.map((sent) => [sent.name, sent.headers.authorization])).toEqual([
      ['Login', undefined],
      ['ShopViewer', 'Bearer access-1'],
    ]);
  });

  it('tells a wrong password by its code', async () => {
    const error = { code: 'BAD_CREDENTIALS', message: 'Wrong.', field: [] };
    const { keeper } = keeperOf(() => json({ data: { login: { accessToken: null, accessTokenExpiresAt: null, refreshToken: null, viewer: null, userErrors: [error] } } }), null);
    await expect(keeper.login('ana@shop', 'wrong')).rejects.toMatchObject({ code: 'BAD_CREDENTIALS', userErrors: [error] });
    expect(keeper.session.get()).toBeNull();
  });
});

describe('an access token', () => {
  it('is used while it works', async () => {
    const { server, keeper } = keeperOf(() => tokens('refresh', 2));
    expect(await keeper.token()).toBe('access-1');
    expect(server.sent).toEqual([]);
  });

  it('is replaced shortly before it expires, in the background', async () => {
    const { server, keeper } = keeperOf(() => tokens('refresh', 2));
    vi.advanceTimersByTime(545_000);
    expect(await keeper.token()).toBe('access-1');
    await vi.runAllTimersAsync();
    expect(await keeper.token()).toBe('access-2');
    expect(server.count('Refresh')).toBe(1);
    expect(server.sent[0]?.headers.authorization).toBeUndefined();
  });

  it('is waited for when it has expired', async () => {
    const { keeper } = keeperOf(() => tokens('refresh', 2), login({ accessTokenExpiresAt: soon(-1) }));
    expect(await keeper.token()).toBe('access-2');
  });

  it('with a short life is not replaced all the time', async () => {
    let number = 1;
    const { server, keeper } = keeperOf(() => tokens('refresh', (number += 1), 40_000), login({ accessTokenExpiresAt: soon(-1) }));
    for (let second = 0; second < 120; second += 1) {
      await keeper.token();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(server.count('Refresh')).toBe(4);
  });

  it('is not replaced again and again by a machine whose clock is two hours ahead', async () => {
    let number = 1;
    const { server, keeper } = keeperOf(() => tokens('refresh', (number += 1), -6_600_000), login({ accessTokenExpiresAt: soon(-1) }));
    for (let second = 0; second < 60; second += 1) {
      await keeper.token();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(server.count('Refresh')).toBeLessThan(4);
  });

  it('lives as long as the server says, where the answer shows the server\'s time', async () => {
    const { server, keeper } = keeperOf(async () => {
      const answer = tokens('refresh', 2, -6_600_000);
      return json(await answer.json(), 200, { date: new Date(Date.now() - 7_200_000).toUTCString() });
    }, login({ accessTokenExpiresAt: soon(-1) }));
    for (let second = 0; second < 500; second += 1) {
      await keeper.token();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(server.count('Refresh')).toBe(1);
  });
});

describe('a refresh', () => {
  const expired = (): Session => login({ accessTokenExpiresAt: soon(-1) });

  it('happens once for many who need it at the same time', async () => {
    const { server, keeper } = keeperOf(() => tokens('refresh', 2));
    const all = await Promise.all(Array.from({ length: 50 }, () => keeper.replace('access-1')));
    expect(new Set(all)).toEqual(new Set(['access-2']));
    expect(server.count('Refresh')).toBe(1);
    // a caller whose old token was refused asks for a new token only after the refresh
    expect(await keeper.replace('access-1')).toBe('access-2');
    expect(server.count('Refresh')).toBe(1);
  });

  it('uses the rotated token the next time', async () => {
    let number = 1;
    const { server, keeper } = keeperOf(() => tokens('refresh', (number += 1)));
    await keeper.refresh();
    await keeper.refresh();
    expect(server.sent.map((sent) => sent.variables)).toEqual([{ input: { refreshToken: 'refresh-1' } }, { input: { refreshToken: 'refresh-2' } }]);
  });

  it('whose answer is lost is repeated with the same token, and nobody is logged out', async () => {
    let asked = 0;
    const { server, keeper } = keeperOf(() => {
      asked += 1;
      return asked < 4 ? Promise.reject(LOST) : tokens('refresh', 2);
    }, expired());
    const token = keeper.token();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await token).toBe('access-2');
    expect(new Set(server.sent.map((sent) => JSON.stringify(sent.variables)))).toEqual(new Set(['{"input":{"refreshToken":"refresh-1"}}']));
  });

  it('whose answer never comes is repeated, too', async () => {
    let asked = 0;
    const { keeper } = keeperOf(() => {
      asked += 1;
      return asked === 1 ? new Promise(() => undefined) : tokens('refresh', 2);
    }, expired());
    const token = keeper.token();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await token).toBe('access-2');
  });

  it('is not repeated when that could end the login, and the session stays', async () => {
    const { server, keeper } = keeperOf(() => Promise.reject(LOST), expired());
    const token = expect(keeper.token()).rejects.toMatchObject({ code: 'NETWORK' });
    await vi.advanceTimersByTimeAsync(60_000);
    await token;
    expect(keeper.session.get()?.refreshToken).toBe('refresh-1');
    const asked = server.count('Refresh');
    expect(asked).toBeGreaterThan(4);
    // when the network is back, the next request tries again
    server.answer = () => tokens('refresh', 2);
    expect(await keeper.token()).toBe('access-2');
  });

  it.each(['OVERLOADED', 'INTERNAL', 'RATE_LIMITED', 'SHUTTING_DOWN'])('that the server answers with %s logs nobody out', async (code) => {
    const { keeper } = keeperOf(() => refused(code), expired());
    const token = expect(keeper.token()).rejects.toMatchObject({ code });
    await vi.advanceTimersByTimeAsync(60_000);
    await token;
    expect(keeper.session.get()).not.toBeNull();
  });

  it('that fails in the background leaves a token that works alone', async () => {
    const { keeper } = keeperOf(() => Promise.reject(LOST));
    vi.advanceTimersByTime(560_000);
    expect(await keeper.token()).toBe('access-1');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await keeper.token()).toBe('access-1');
    expect(keeper.session.get()).not.toBeNull();
  });

  it('that the server refuses ends the session', async () => {
    const { keeper, store } = keeperOf(() => refused('UNAUTHENTICATED'), expired());
    const heard = vi.fn();
    keeper.session.subscribe(heard);
    await expect(keeper.token()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect([keeper.session.get(), store.load(), heard.mock.calls.length]).toEqual([null, null, 1]);
    await expect(keeper.token()).rejects.toBeInstanceOf(CallshopError);
  });

  it('that ends after a logout brings no session back', async () => {
    let answer = (): void => undefined;
    const { keeper } = keeperOf((sent) => (sent.name === 'Refresh' ? new Promise((resolve) => (answer = () => resolve(tokens('refresh', 2)))) : json({ data: { logout: { done: true, userErrors: [] } } })), expired());
    const token = expect(keeper.token()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await vi.advanceTimersByTimeAsync(1);
    await keeper.logout();
    answer();
    await token;
    expect(keeper.session.get()).toBeNull();
  });

  it('takes the tokens that another tab has got in the meantime', async () => {
    const store = memoryStore();
    const { server, keeper } = keeperOf(() => refused('UNAUTHENTICATED'), expired(), store);
    store.save(login({ accessToken: 'access-9', refreshToken: 'refresh-9' }));
    expect(await keeper.token()).toBe('access-9');
    expect(server.sent).toEqual([]);
    expect(keeper.session.get()?.refreshToken).toBe('refresh-9');
  });
});

describe('logout', () => {
  it('forgets the session even if the server cannot be reached', async () => {
    const { keeper, store } = keeperOf(() => Promise.reject(LOST));
    await keeper.logout();
    expect([keeper.session.get(), store.load()]).toEqual([null, null]);
    await keeper.logout();
  });
});

/** A browser's storage for one origin. */
class FakeStorage implements Storage {
  readonly #items = new Map<string, string>();

  get length(): number {
    return this.#items.size;
  }

  clear(): void {
    this.#items.clear();
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }

  removeItem(key: string): void {
    this.#items.delete(key);
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }

  get text(): string {
    return JSON.stringify([...this.#items]);
  }
}

/** The response of `login` or `refresh` when the refresh token is in the cookie. */
async function inCookie(field: 'login' | 'refresh', number: number, viewer = login().viewer): Promise<Response> {
  const body: unknown = await tokens(field, number).json();
  const text = JSON.stringify(body).replace(`"refresh-${number}"`, 'null').replace('"id":"user"', `"id":"${viewer.id}"`);
  return new Response(text, { headers: { 'content-type': 'application/json' } });
}

describe('a session in a cookie', () => {
  const endpoint = (server: FakeServer) => ({ url: '/graphql', fetch: server.fetch, locale: undefined });
  const pageOf = (server: FakeServer, storage: Storage) => new SessionKeeper(endpoint(server), viewerStorage(storage), null, true);
  const asked = (server: FakeServer) => server.sent.map((sent) => [sent.name, sent.variables]);

  /** A storage after a page has logged in. */
  async function loggedIn(): Promise<FakeStorage> {
    const storage = new FakeStorage();
    const server = new FakeServer((sent) => (sent.name === 'Login' ? inCookie('login', 1) : json({ data: { viewer: login().viewer } })));
    const session = await pageOf(server, storage).login('ana@shop', 'secret', '123456');
    expect(session).toMatchObject({ accessToken: 'access-1', refreshToken: null });
    expect(server.sent[0]?.variables).toEqual({ input: { login: 'ana@shop', password: 'secret', totp: '123456', cookie: true } });
    return storage;
  }

  it('keeps no token where a script can read it', async () => {
    const storage = await loggedIn();
    expect(storage.text).toContain('ana@shop');
    expect(storage.text).not.toMatch(/access-1|refresh|secret/);
  });

  it('goes on after a reload and in another tab', async () => {
    const storage = await loggedIn();
    for (const number of [2, 3]) {
      const server = new FakeServer(() => inCookie('refresh', number));
      const keeper = pageOf(server, storage);
      expect(keeper.session.get()?.viewer.login).toBe('ana@shop');
      expect(await keeper.token()).toBe(`access-${number}`);
      expect(asked(server)).toEqual([['Refresh', { input: {} }]]);
    }
  });

  it('ends in all tabs when the server refuses the cookie', async () => {
    const storage = await loggedIn();
    const keeper = pageOf(new FakeServer(() => refused('UNAUTHENTICATED')), storage);
    await expect(keeper.token()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(keeper.session.get()).toBeNull();
    expect(pageOf(new FakeServer(() => refused('INTERNAL')), storage).session.get()).toBeNull();
  });

  it('does not become the session of someone who logged in in another tab', async () => {
    const storage = await loggedIn();
    const other = { ...login().viewer, id: 'other' };
    const keeper = pageOf(new FakeServer(() => inCookie('refresh', 2, other)), storage);
    await expect(keeper.token()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(keeper.session.get()).toBeNull();
    // the other tab stays logged in
    expect(viewerStorage(storage).load()).not.toBeNull();
  });

  it('logs out with a token that works, so that the server removes the cookie', async () => {
    const storage = await loggedIn();
    const server = new FakeServer((sent) => (sent.name === 'Refresh' ? inCookie('refresh', 2) : json({ data: { logout: { done: true, userErrors: [] } } })));
    const keeper = pageOf(server, storage);
    await keeper.logout();
    expect(server.sent.map((sent) => [sent.name, sent.headers.authorization])).toEqual([
      ['Refresh', undefined],
      ['Logout', 'Bearer access-2'],
    ]);
    expect([keeper.session.get(), viewerStorage(storage).load()]).toEqual([null, null]);
  });

  it('refreshes in one tab at a time', async () => {
    const storage = await loggedIn();
    let waiting: Promise<unknown> = Promise.resolve();
    const request = (_name: string, work: () => Promise<unknown>): Promise<unknown> => (waiting = waiting.then(work));
    vi.stubGlobal('navigator', { locks: { request } });
    let open = 0;
    let number = 1;
    const server = new FakeServer(async () => {
      open += 1;
      expect(open).toBe(1);
      await Promise.resolve();
      open -= 1;
      return inCookie('refresh', (number += 1));
    });
    const pages = [pageOf(server, storage), pageOf(server, storage), pageOf(server, storage)];
    expect(await Promise.all(pages.map((page) => page.token()))).toEqual(['access-2', 'access-3', 'access-4']);
    vi.unstubAllGlobals();
  });
});
