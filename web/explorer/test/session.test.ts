import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer, Operation } from '../src/http';
import { Session } from '../src/session';

const HOUR = 3_600_000;
const viewer = { id: 'u', displayName: 'Ana', role: 'ATTENDANT' };

function tokens(field: 'login' | 'refresh', number: number): Answer {
  const accessTokenExpiresAt = new Date(Date.now() + HOUR).toISOString();
  const payload = { accessToken: `a${number}`, refreshToken: `r${number}`, accessTokenExpiresAt, viewer, userErrors: [] };
  return { status: 200, body: { data: { [field]: payload } } };
}

const refused: Answer = { status: 401, body: { errors: [{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }] } };

describe('a session', () => {
  const send = vi.fn<(operation: Operation, headers: Readonly<Record<string, string>>) => Promise<Answer>>();

  beforeEach(() => {
    vi.useFakeTimers();
    sessionStorage.clear();
    send.mockReset();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function loggedIn(): Promise<Session> {
    send.mockResolvedValueOnce(tokens('login', 1));
    const session = new Session(send, sessionStorage);
    await session.login('ana@shop', 'secret');
    return session;
  }

  it('logs in, and is still there after a reload of the tab', async () => {
    const session = await loggedIn();
    expect(session.token).toBe('a1');
    expect(session.state.get()).toMatchObject({ login: { name: 'Ana', role: 'ATTENDANT' }, identity: 1, notice: null });
    expect(new Session(send, sessionStorage).token).toBe('a1');
  });

  it('keeps nothing of a refused login', async () => {
    const userErrors = [{ code: 'BAD_CREDENTIALS', message: 'The login or password is wrong.' }];
    send.mockResolvedValueOnce({ status: 200, body: { data: { login: { accessToken: null, userErrors } } } });
    const session = new Session(send, sessionStorage);
    await expect(session.login('ana@shop', 'wrong')).rejects.toThrow('The login or password is wrong.');
    expect(session.token).toBeNull();
    expect(sessionStorage).toHaveLength(0);
  });

  it('sends the code of a second factor, and tells that the server wants one', async () => {
    const userErrors = [{ code: 'TOTP_REQUIRED', message: 'A code is needed.' }];
    send.mockResolvedValueOnce({ status: 200, body: { data: { login: { accessToken: null, userErrors } } } });
    const session = new Session(send, sessionStorage);
    await expect(session.login('ana@shop', 'secret')).rejects.toMatchObject({ code: 'TOTP_REQUIRED', message: 'A code is needed.' });
    expect(send.mock.lastCall?.[0].variables).toEqual({ input: { login: 'ana@shop', password: 'secret' } });
    send.mockResolvedValueOnce(tokens('login', 1));
    await session.login('ana@shop', 'secret', '123456');
    expect(send.mock.lastCall?.[0].variables).toEqual({ input: { login: 'ana@shop', password: 'secret', totp: '123456' } });
    expect(session.token).toBe('a1');
  });

  it('exchanges its tokens before they expire, as the same identity', async () => {
    const session = await loggedIn();
    send.mockImplementationOnce(() => Promise.resolve(tokens('refresh', 2)));
    await vi.advanceTimersByTimeAsync(HOUR - 31_000);
    expect(send).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(send.mock.lastCall?.[0].variables).toEqual({ input: { refreshToken: 'r1' } });
    expect(session.token).toBe('a2');
    expect(session.state.get().identity).toBe(1);
  });

  it('exchanges once, however many ask', async () => {
    const session = await loggedIn();
    send.mockResolvedValueOnce(tokens('refresh', 2));
    await Promise.all([session.refresh(), session.refresh(), session.refresh()]);
    expect(send).toHaveBeenCalledTimes(2);
  });

  it('tries an exchange again that got no answer, with the same token', async () => {
    const session = await loggedIn();
    send.mockRejectedValueOnce(new TypeError('network'));
    await session.refresh();
    expect(session.token).toBe('a1');
    send.mockImplementationOnce(() => Promise.resolve(tokens('refresh', 2)));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(send.mock.lastCall?.[0].variables).toEqual({ input: { refreshToken: 'r1' } });
    expect(session.token).toBe('a2');
  });

  it('ends when the server refuses the exchange', async () => {
    const session = await loggedIn();
    send.mockResolvedValueOnce(refused);
    await session.refresh();
    expect(session.state.get()).toEqual({ login: null, identity: 2, notice: 'Your login has ended. Log in again.' });
    expect(sessionStorage).toHaveLength(0);
  });

  it('forgets a login at once, even if the server cannot be told', async () => {
    const session = await loggedIn();
    send.mockRejectedValueOnce(new TypeError('network'));
    await expect(session.logout()).rejects.toThrow('network');
    expect(session.token).toBeNull();
    expect(send.mock.lastCall?.[1]).toEqual({ authorization: 'Bearer a1' });
  });

  it('uses a pasted token of somebody, and no other', async () => {
    const session = new Session(send, sessionStorage);
    send.mockResolvedValueOnce(refused);
    await expect(session.paste('x')).rejects.toThrow('no');
    expect(session.token).toBeNull();
    send.mockResolvedValueOnce({ status: 200, body: { data: { viewer } } });
    await session.paste('token');
    expect(session.state.get().login).toMatchObject({ accessToken: 'token', refreshToken: null, name: 'Ana' });
    await session.refresh();
    expect(session.state.get()).toMatchObject({ login: null, notice: 'The token is no longer valid.' });
  });

  it('starts without a login if the storage has nonsense', () => {
    sessionStorage.setItem('callshop.explorer.login', '{');
    expect(new Session(send, sessionStorage).token).toBeNull();
  });
});
