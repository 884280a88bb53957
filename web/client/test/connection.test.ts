import { once } from 'node:events';
import { createServer } from 'node:net';
import WebSocketOfNode from 'ws';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallshopError, notLoggedIn } from '../src/errors.js';
import { Gate } from '../src/gate.js';
import { keepRunning } from '../src/running.js';
import { SessionKeeper } from '../src/session.js';
import { Socket } from '../src/socket.js';
import { memoryStore } from '../src/store.js';
import { Backoff, pause } from '../src/waiting.js';
import { Watchdog } from '../src/watchdog.js';
import { FakePage, FakeServer, json } from './support/fakes.js';
import { login } from './support/fixtures.js';
import { SocketServer } from './support/socketserver.js';
import { until } from './support/until.js';

function keeperOf(): SessionKeeper {
  const store = memoryStore();
  store.save(login());
  const server = new FakeServer(() => json({ data: { logout: { done: true, userErrors: [] } } }));
  return new SessionKeeper({ url: 'http://shop/graphql', fetch: server.fetch, locale: undefined }, store);
}

describe('with a clock worked by hand', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  describe('Backoff', () => {
    it('grows to its limit, at random, and starts again', () => {
      const backoff = new Backoff(500, 10_000);
      for (const most of [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
        const wait = backoff.next();
        expect(wait).toBeGreaterThanOrEqual(most / 2);
        expect(wait).toBeLessThanOrEqual(most);
      }
      backoff.reset();
      expect(backoff.next()).toBeLessThanOrEqual(500);
    });

    it('is never shorter than it must be', () => {
      const backoff = new Backoff(500, 10_000);
      for (let attempt = 0; attempt < 20; attempt += 1) {
        expect(backoff.next(5_000)).toBeGreaterThanOrEqual(5_000);
      }
    });
  });

  it('a pause ends early with its signal', async () => {
    const abort = new AbortController();
    const ended = vi.fn();
    void pause(60_000, abort.signal).then(ended);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ended).not.toHaveBeenCalled();
    abort.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(ended).toHaveBeenCalledOnce();
    await pause(60_000, abort.signal);
  });

  describe('Gate', () => {
    it('is closed for the pause, and while there is no network', async () => {
      const page = new FakePage();
      const gate = new Gate(page);
      expect(gate.isOpen).toBe(true);
      gate.close(2_000);
      const changed = vi.fn();
      void gate.change(new AbortController().signal).then(changed);
      await vi.advanceTimersByTimeAsync(1_999);
      expect([gate.isOpen, changed.mock.calls.length]).toEqual([false, 0]);
      await vi.advanceTimersByTimeAsync(501);
      expect([gate.isOpen, changed.mock.calls.length]).toEqual([true, 1]);
      page.online = false;
      expect(gate.isOpen).toBe(false);
    });

    it('opens at once when the page wakes', async () => {
      const gate = new Gate(new FakePage());
      gate.close(60_000);
      const changed = vi.fn();
      void gate.change(new AbortController().signal).then(changed);
      gate.wake();
      await vi.advanceTimersByTimeAsync(0);
      expect([gate.isOpen, changed.mock.calls.length]).toEqual([true, 1]);
    });
  });

  describe('Watchdog', () => {
    const [ping, giveUp] = [vi.fn(), vi.fn()];
    let dog: Watchdog;

    beforeEach(() => {
      ping.mockClear();
      giveUp.mockClear();
      dog = new Watchdog(ping, giveUp);
    });

    const calls = (): readonly number[] => [ping.mock.calls.length, giveUp.mock.calls.length];

    it('asks a quiet connection for a sign of life, and gives it up without one', () => {
      dog.opened();
      vi.advanceTimersByTime(7_999);
      expect(calls()).toEqual([0, 0]);
      vi.advanceTimersByTime(1);
      expect(calls()).toEqual([1, 0]);
      vi.advanceTimersByTime(4_999);
      expect(calls()).toEqual([1, 0]);
      vi.advanceTimersByTime(1);
      expect(calls()).toEqual([1, 1]);
    });

    it('keeps a connection that answers', () => {
      ping.mockImplementation(() => setTimeout(() => dog.heard(), 100));
      dog.opened();
      vi.advanceTimersByTime(3_600_000);
      expect(giveUp).not.toHaveBeenCalled();
      ping.mockReset();
    });

    it('does not ask a connection that talks', () => {
      dog.opened();
      for (let second = 0; second < 60; second += 1) {
        vi.advanceTimersByTime(1_000);
        dog.heard();
      }
      expect(calls()).toEqual([0, 0]);
    });

    it('gives up an attempt that takes too long', () => {
      dog.connecting();
      vi.advanceTimersByTime(10_000);
      expect(calls()).toEqual([0, 1]);
    });

    it('asks sooner when the page suspects something', () => {
      dog.opened();
      dog.suspect();
      expect(calls()).toEqual([1, 0]);
      vi.advanceTimersByTime(2_500);
      expect(calls()).toEqual([1, 1]);
    });

    it('gives up an attempt from before the page slept, and no fresh one', () => {
      dog.connecting();
      dog.suspect();
      expect(calls()).toEqual([0, 0]);
      vi.advanceTimersByTime(3_000);
      dog.suspect();
      expect(calls()).toEqual([0, 1]);
    });

    it('rests after a stop', () => {
      dog.opened();
      dog.stop();
      vi.advanceTimersByTime(60_000);
      expect(calls()).toEqual([0, 0]);
    });
  });
});

describe('Socket', () => {
  let server: SocketServer;
  const page = new FakePage();

  beforeEach(async () => {
    page.online = true;
    server = await SocketServer.start();
  });

  afterEach(() => server.stop());

  /** A socket with one registered subscription. `attempt` runs an operation on the socket once. */
  function connect(webSocketImpl?: unknown): { socket: Socket; signal: AbortController; attempt: () => Promise<unknown>; keeper: SessionKeeper } {
    const keeper = keeperOf();
    const socket = new Socket({ url: server.url.replace('http', 'ws'), webSocketImpl, keeper, page });
    const signal = new AbortController();
    socket.want();
    const attempt = async (): Promise<unknown> => {
      const { CallshopHeadDocument } = await import('../src/generated.js');
      await socket.ready(signal.signal);
      return socket.run(CallshopHeadDocument, { callshopId: 'shop' }, () => undefined, signal.signal).catch((error: unknown) => error);
    };
    return { socket, signal, attempt, keeper };
  }

  it('tries nothing without a network, and at once when it is back', async () => {
    page.online = false;
    const { socket, attempt } = connect();
    expect(socket.connection.get().state).toBe('offline');
    const running = attempt();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(server.connections.length).toBe(0);
    page.wake();
    await until('the connection', () => socket.connection.get().state === 'live', 1_000);
    socket.dispose();
    await running;
    expect(page.listeners).toBe(0);
  });

  it('does not wait for the end of a pause when the page wakes', async () => {
    const { socket, attempt } = connect();
    const first = attempt();
    await until('the connection', () => socket.connection.get().state === 'live');
    // this close code requires a pause of at least five seconds
    server.closeAll(4503);
    await first;
    const second = attempt();
    expect(socket.connection.get().state).toBe('connecting');
    page.wake();
    await until('the connection', () => socket.connection.get().state === 'live', 1_000);
    socket.dispose();
    await second;
  });

  it('says since when it is not connected, also while the browser says offline', async () => {
    const { socket, attempt } = connect();
    const first = attempt();
    await until('the connection', () => socket.connection.get().state === 'live');
    server.closeAll(1001);
    await first;
    const { state, since } = socket.connection.get();
    expect(state).toBe('connecting');
    await until('some time passed', () => Date.now() > since + 20);
    page.goOffline();
    expect(socket.connection.get()).toEqual({ state: 'offline', since });
    const second = attempt();
    page.wake();
    expect(socket.connection.get()).toEqual({ state: 'connecting', since });
    await until('the connection', () => socket.connection.get().state === 'live', 1_000);
    expect(socket.connection.get().since).toBeGreaterThan(since);
    socket.dispose();
    await second;
  });

  it('goes on when the refresh of a refused token is lost, and ends when that is refused, too', async () => {
    const { socket, signal, keeper } = connect();
    const refresh = vi.spyOn(keeper, 'refresh').mockRejectedValueOnce(new CallshopError('NETWORK', 'Lost.'));
    const attempt = vi.fn<() => Promise<boolean>>().mockRejectedValueOnce(notLoggedIn()).mockResolvedValueOnce(true);
    await keepRunning({ transport: socket, keeper }, { attempt }, signal.signal);
    expect([refresh.mock.calls.length, attempt.mock.calls.length]).toEqual([1, 2]);
    refresh.mockRejectedValueOnce(notLoggedIn());
    attempt.mockRejectedValueOnce(notLoggedIn());
    await expect(keepRunning({ transport: socket, keeper }, { attempt }, signal.signal)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    socket.dispose();
  });

  it('works with the WebSocket of the package ws, also when an attempt is broken off', async () => {
    const { socket, attempt } = connect(WebSocketOfNode);
    const first = attempt();
    await until('the connection', () => socket.connection.get().state === 'live');
    socket.dispose();
    await first;
    // a server that accepts connections but sends nothing
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const keeper = keeperOf();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const stuck = new Socket({ url: `ws://127.0.0.1:${port}/graphql`, webSocketImpl: WebSocketOfNode, keeper, page });
    stuck.want();
    const accepted = once(silent, 'connection');
    const { CallshopHeadDocument } = await import('../src/generated.js');
    const running = stuck.run(CallshopHeadDocument, { callshopId: 'shop' }, () => undefined, new AbortController().signal).catch((error: unknown) => error);
    await accepted;
    await keeper.logout();
    expect(await running).toBeInstanceOf(Error);
    await expect(stuck.ready(new AbortController().signal)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    stuck.dispose();
    silent.close();
  });
});
