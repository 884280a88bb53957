import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AnswerLog, MOST_MESSAGES } from '../src/answers';
import { createFetcher, SCHEMA_OPERATION } from '../src/fetcher';
import type { Answer, Send } from '../src/http';
import type { Listener, Subscribe } from '../src/live';
import { Session } from '../src/session';

const expired: Answer = { status: 401, body: { errors: [{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }] } };
const viewer = { id: 'u', displayName: 'Ana', role: 'ATTENDANT' };
const payload = { accessToken: 'new', refreshToken: 'r', accessTokenExpiresAt: '2100-01-01T00:00:00Z', viewer, userErrors: [] };

describe('the fetcher', () => {
  const send = vi.fn<Send>();
  const stop = vi.fn();
  const subscribe = vi.fn<Subscribe>();
  let log: AnswerLog;

  beforeEach(() => {
    vi.resetAllMocks();
    sessionStorage.clear();
    log = new AnswerLog();
    subscribe.mockReturnValue(stop);
  });

  async function fetcherAs(token: string | null): Promise<ReturnType<typeof createFetcher>> {
    const session = new Session(send, sessionStorage);
    if (token !== null) {
      send.mockResolvedValueOnce({ status: 200, body: { data: { login: { ...payload, accessToken: token } } } });
      await session.login('', '');
      send.mockClear();
    }
    return createFetcher({ send, subscribe, session, log });
  }

  const query = { query: '{ a }' };

  it('sends the token and the user’s headers, and tells status and time', async () => {
    const fetcher = await fetcherAs('t');
    send.mockResolvedValueOnce({ status: 200, body: { data: { a: 1 } } });
    const headers = { 'X-Request-Id': 'mine' };
    await expect(fetcher(query, { headers })).resolves.toEqual({ data: { a: 1 } });
    expect(send.mock.lastCall?.[1]).toEqual({ authorization: 'Bearer t', 'x-request-id': 'mine' });
    expect(log.state.get().tone).toBe('good');
    expect(log.state.get().status).toMatch(/^200 · \d+ ms$/);
  });

  it('prefers a header of the user’s own to the session’s token', async () => {
    const fetcher = await fetcherAs('t');
    send.mockResolvedValueOnce(expired);
    await fetcher(query, { headers: { Authorization: 'Bearer mine' } });
    expect(send).toHaveBeenCalledTimes(1);
    expect(send.mock.lastCall?.[1]).toEqual({ authorization: 'Bearer mine' });
    expect(log.state.get().tone).toBe('bad');
    expect(log.state.get().status).toMatch(/^401 · \d+ ms · 1 error$/);
  });

  it('exchanges an expired token and sends the operation again', async () => {
    const fetcher = await fetcherAs('old');
    send.mockResolvedValueOnce(expired);
    send.mockResolvedValueOnce({ status: 200, body: { data: { refresh: payload } } });
    send.mockResolvedValueOnce({ status: 200, body: { data: { a: 1 } } });
    await expect(fetcher(query)).resolves.toEqual({ data: { a: 1 } });
    expect(send.mock.calls.map(([, headers]) => headers)).toEqual([
      { authorization: 'Bearer old' },
      {},
      { authorization: 'Bearer new' },
    ]);
  });

  it('leaves the status alone while GraphiQL reads the schema', async () => {
    const fetcher = await fetcherAs(null);
    send.mockResolvedValueOnce({ status: 200, body: { data: {} } });
    await fetcher({ query: '{ __schema }', operationName: SCHEMA_OPERATION });
    expect(log.state.get().status).toBe('');
  });

  it('leaves an unreadable document to the server', async () => {
    const fetcher = await fetcherAs(null);
    send.mockResolvedValueOnce({ status: 400, body: { errors: [{}, {}] } });
    await fetcher({ query: '{' });
    expect(log.state.get().status).toMatch(/^400 · \d+ ms · 2 errors$/);
  });

  it('runs the only operation of a document, whatever name GraphiQL still has', async () => {
    const fetcher = await fetcherAs(null);
    send.mockResolvedValueOnce({ status: 200, body: { data: {} } });
    await fetcher({ query: 'query New { a }', operationName: 'Old' });
    expect(send.mock.lastCall?.[0].operationName).toBe('New');
    send.mockResolvedValueOnce({ status: 400, body: { errors: [{}] } });
    await fetcher({ query: 'query A { a } query B { b }', operationName: 'Old' });
    expect(send.mock.lastCall?.[0].operationName).toBe('Old');
  });

  async function listening(): Promise<{ listener: Listener; received: unknown[]; completed: () => number; unsubscribe: () => void }> {
    const fetcher = await fetcherAs('t');
    const text = 'query A { a } subscription B { b }';
    const stream = fetcher({ query: text, operationName: 'B' });
    const received: unknown[] = [];
    let completed = 0;
    if (!('subscribe' in stream)) {
      throw new Error('not a stream');
    }
    const { unsubscribe } = stream.subscribe({
      next: (value) => received.push(value),
      error: () => undefined,
      complete: () => (completed += 1),
    });
    const listener = subscribe.mock.lastCall?.[2];
    if (listener === undefined) {
      throw new Error('not subscribed');
    }
    return { listener, received, completed: () => completed, unsubscribe };
  }

  it('streams the chosen subscription and keeps its latest messages', async () => {
    const { listener, received, completed } = await listening();
    expect(subscribe.mock.lastCall?.slice(0, 2)).toMatchObject([{ operationName: 'B' }, 'Bearer t']);
    listener.open();
    expect(log.state.get().status).toBe('listening…');
    for (let number = 1; number <= MOST_MESSAGES + 1; number += 1) {
      listener.next({ data: { b: number } });
    }
    const { messages, count, status } = log.state.get();
    expect([messages.length, count, status]).toEqual([MOST_MESSAGES, MOST_MESSAGES + 1, `listening · ${MOST_MESSAGES + 1} messages`]);
    expect(messages[0]?.body).toEqual({ data: { b: MOST_MESSAGES + 1 } });
    expect(received).toHaveLength(MOST_MESSAGES + 1);
    listener.end('The socket closed: 4403 Token revoked');
    expect(log.state.get().tone).toBe('bad');
    expect(log.state.get().status).toContain('4403 Token revoked');
    expect(completed()).toBe(1);
  });

  it('stops a subscription', async () => {
    const { listener, unsubscribe } = await listening();
    listener.next({ data: { b: 1 } });
    unsubscribe();
    expect(stop).toHaveBeenCalledOnce();
    expect(log.state.get().status).toBe('stopped · 1 message');
    log.clear();
    expect(log.state.get()).toMatchObject({ status: '', messages: [], count: 0 });
  });
});
