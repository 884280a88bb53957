import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemo, type Demo } from '../../explorer/e2e/support/demo';
import { at, listAt } from '../../explorer/src/json';
import { REPOSITORY } from '../scripts/paths';
import { filesOf, pageAt } from './pages';
import { makeProject } from './project';

/** A relay to the server. The connections through the relay can be cut. */
interface Way {
  readonly port: number;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

async function wayTo(port: number): Promise<Way> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    if (isCut) {
      near.destroy();
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut: () => {
      isCut = true;
      for (const socket of sockets) {
        socket.destroy();
      }
    },
    mend: () => {
      isCut = false;
    },
    close: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Follow {
  followShop(options: {
    url: string;
    callshopId: string;
    currentToken: () => Promise<string>;
    show: (message: unknown) => void;
    fail: (reason: string) => void;
    WebSocket: unknown;
  }): () => void;
}

function isFollow(module: unknown): module is Follow {
  return typeof module === 'object' && module !== null && 'followShop' in module && typeof module.followShop === 'function';
}

interface Board {
  followBoard(options: {
    url: string;
    callshopId: string;
    currentToken: () => Promise<string>;
    draw: (cabins: unknown) => void;
    tell: (state: string) => void;
    fail: (reason: unknown) => void;
    WebSocket: unknown;
  }): () => void;
}

function isBoard(module: unknown): module is Board {
  return typeof module === 'object' && module !== null && 'followBoard' in module && typeof module.followBoard === 'function';
}

interface Renewing {
  createRenewingClient(options: {
    url: string;
    webSocketImpl: unknown;
    connectionParams: () => Promise<unknown>;
    on: { message: (message: unknown) => void };
  }): { renew(token: string): void; subscribe(payload: unknown, sink: unknown): () => void };
}

function isRenewing(module: unknown): module is Renewing {
  return typeof module === 'object' && module !== null && 'createRenewingClient' in module && typeof module.createRenewingClient === 'function';
}

describe('the recipe for graphql-ws', () => {
  let demo: Demo;
  beforeAll(async () => {
    demo = await startDemo({ traffic: false });
  });
  afterAll(async () => {
    await demo.stop();
  });

  it.each([
    ['a wrong id', 'Q2FsbHNob3A6MDE', null, 1, /^(?!Closed).+/],
    // two sockets: the client opens a second one, but closes it instead of sending the refused token again
    ['a token that is refused', null, 'wrong', 2, /refused this token/],
  ])('ends, and says why, after %s', async (_, id, token, sockets, reason) => {
    const project = await makeProject(filesOf(await pageAt('guide/subscriptions.md')));
    const module: unknown = await import(/* @vite-ignore */ pathToFileURL(join(project.folder, 'board.js')).href);
    if (!isFollow(module)) {
      throw new Error('board.js does not export followShop.');
    }
    const shown: unknown[] = [];
    const reasons: string[] = [];
    let made = 0;
    class Counted extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol);
        made += 1;
      }
    }
    module.followShop({
      url: demo.http.replace('http', 'ws'),
      callshopId: id ?? demo.callshopId,
      currentToken: () => Promise.resolve(token ?? demo.user('ATTENDANT').token),
      show: (message) => shown.push(message),
      fail: (text) => reasons.push(text),
      WebSocket: Counted,
    });
    await expect.poll(() => reasons, { timeout: 30_000 }).toHaveLength(1);
    expect(reasons[0]).toMatch(reason);
    expect(shown).toEqual([]);
    expect(made).toBe(sockets);
    await project.remove();
  });

  it('ends, and says why, after an exception of the page', async () => {
    const project = await makeProject(filesOf(await pageAt('guide/subscriptions.md')));
    const module: unknown = await import(/* @vite-ignore */ pathToFileURL(join(project.folder, 'board.js')).href);
    if (!isFollow(module)) {
      throw new Error('board.js does not export followShop.');
    }
    const reasons: string[] = [];
    module.followShop({
      url: demo.http.replace('http', 'ws'),
      callshopId: demo.callshopId,
      currentToken: () => Promise.resolve(demo.user('ATTENDANT').token),
      show: () => {
        throw new Error('The page cannot draw this.');
      },
      fail: (text) => reasons.push(text),
      WebSocket,
    });
    await expect.poll(() => reasons, { timeout: 30_000 }).toEqual(['The page cannot draw this.']);
    await project.remove();
  });

  it('renews the token over the open socket', async () => {
    const project = await makeProject(filesOf(await pageAt('guide/subscriptions.md')));
    const module: unknown = await import(/* @vite-ignore */ pathToFileURL(join(project.folder, 'renewing.js')).href);
    if (!isRenewing(module)) {
      throw new Error('renewing.js does not export createRenewingClient.');
    }
    const { token } = demo.user('ATTENDANT');
    const messages: unknown[] = [];
    const client = module.createRenewingClient({
      url: demo.http.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: () => Promise.resolve({ token }),
      on: { message: (message) => messages.push(message) },
    });
    const query = `subscription { callshopActivity(callshopId: "${demo.callshopId}") { cursor } }`;
    const stop = client.subscribe({ query }, { next: () => undefined, error: () => undefined, complete: () => undefined });
    await expect.poll(() => messages.map((message) => at(message, 'type')), { timeout: 30_000 }).toContain('next');
    client.renew(token);
    const renewed = (): unknown[] => messages.map((message) => at(message, 'payload', 'expiresAt')).filter((time) => typeof time === 'string');
    await expect.poll(renewed, { timeout: 30_000 }).toHaveLength(1);
    stop();
    await project.remove();
  });

  it('resumes where the connection was lost, without gaps or repeats', async () => {
    const files = filesOf(await pageAt('guide/subscriptions.md'));
    const project = await makeProject(files);
    const way = await wayTo(Number(new URL(demo.http).port));
    const module: unknown = await import(/* @vite-ignore */ pathToFileURL(join(project.folder, 'board.js')).href);
    if (!isFollow(module)) {
      throw new Error('board.js does not export followShop.');
    }
    const messages: unknown[] = [];
    const kinds = (): unknown[] => messages.map((message) => at(message, 'event', 'kind') ?? 'snapshot');
    const stop = module.followShop({
      url: `ws://127.0.0.1:${way.port}/graphql`,
      callshopId: demo.callshopId,
      currentToken: () => Promise.resolve(demo.user('ATTENDANT').token),
      show: (message) => messages.push(message),
      fail: (reason) => messages.push(reason),
      WebSocket,
    });
    const open = async (index: number): Promise<void> => {
      const mutation = 'mutation ($input: OpenCabinInput!) { openCabin(input: $input) { userErrors { message } } }';
      const body = await demo.ask('ATTENDANT', mutation, { input: { cabinId: demo.cabinIds[index] } });
      expect(listAt(body, 'data', 'openCabin', 'userErrors')).toEqual([]);
    };
    await expect.poll(kinds, { timeout: 30_000 }).toEqual(['snapshot']);
    await open(5);
    await expect.poll(kinds, { timeout: 30_000 }).toEqual(['snapshot', 'CABIN_OPENED']);
    way.cut();
    await open(6);
    await open(7);
    way.mend();
    await expect.poll(kinds, { timeout: 60_000 }).toEqual(['snapshot', 'CABIN_OPENED', 'CABIN_OPENED', 'CABIN_OPENED']);
    const [first = 0, ...rest] = messages.slice(1).map((message) => Number(at(message, 'event', 'seq')));
    expect(rest).toEqual([first + 1, first + 2]);
    stop();
    await way.close();
    await project.remove();
  });

  // this test is last, because its call continues after the test
  it('shows cabins and costs over one socket, and tells when it is lost', async () => {
    const project = await makeProject(filesOf(await pageAt('guide/subscriptions.md')));
    const way = await wayTo(Number(new URL(demo.http).port));
    const module: unknown = await import(/* @vite-ignore */ pathToFileURL(join(project.folder, 'live-board.js')).href);
    if (!isBoard(module)) {
      throw new Error('live-board.js does not export followBoard.');
    }
    let cabins: unknown;
    const states: string[] = [];
    const reasons: unknown[] = [];
    const stop = module.followBoard({
      url: `ws://127.0.0.1:${way.port}/graphql`,
      callshopId: demo.callshopId,
      currentToken: () => Promise.resolve(demo.user('ATTENDANT').token),
      draw: (drawn) => (cabins = drawn),
      tell: (state) => states.push(state),
      fail: (reason) => reasons.push(reason),
      WebSocket,
    });
    const call = (): unknown => listAt({ cabins }, 'cabins').find((cabin) => at(cabin, 'number') === 1);
    const simulate = 'mutation ($input: SimulateCallInput!) { simulateCall(input: $input) { userErrors { message } } }';
    const input = { cabinId: demo.cabinIds[0], number: '+351212345678', answerAfterSeconds: 0, talkSeconds: 3600 };
    await expect.poll(() => at(call(), 'state'), { timeout: 30_000 }).toBe('OPEN');
    await demo.ask('ATTENDANT', simulate, { input });
    await expect.poll(() => at(call(), 'call', 'cost', 'amount'), { timeout: 30_000 }).toBe('0.1542');
    expect(states).toEqual(['live']);
    way.cut();
    await expect.poll(() => states[1], { timeout: 30_000 }).toMatch(/^not connected/);
    way.mend();
    await expect.poll(() => states.at(-1), { timeout: 60_000 }).toBe('live');
    expect(reasons).toEqual([]);
    stop();
    await way.close();
    await project.remove();
  });
});

describe('the adapters', () => {
  it('are valid modules that use the recipe', async () => {
    const { fences } = await pageAt('guide/subscriptions.md');
    const adapters = fences.filter(({ info }) => info.includes('adapter'));
    expect(adapters).toHaveLength(3);
    for (const { text } of adapters) {
      const { diagnostics } = ts.transpileModule(text, { reportDiagnostics: true, compilerOptions: { allowJs: true } });
      expect(diagnostics).toEqual([]);
      expect(text).toContain("from './resuming.js'");
    }
  });
});

describe('the configuration for TypeScript', () => {
  it('generates code with strings for the scalars', async () => {
    const project = await makeProject(filesOf(await pageAt('guide/codegen.md')));
    await mkdir(join(project.folder, 'src'));
    await writeFile(join(project.folder, 'schema.graphql'), await readFile(join(REPOSITORY, 'schema.graphql')));
    await writeFile(
      join(project.folder, 'src/call.graphql'),
      'query OneCall($id: ID!) { call(id: $id) { answeredAt cost { amount currency } state } }',
    );
    const cli = join(project.folder, 'node_modules/.bin/graphql-codegen');
    const run = spawn(cli, ['--config', 'codegen.ts'], { cwd: project.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const said: string[] = [];
    for (const stream of [run.stdout, run.stderr]) {
      stream.on('data', (text: Buffer) => said.push(text.toString()));
    }
    await once(run, 'close');
    expect(run.exitCode, said.join('')).toBe(0);
    const generated = await readFile(join(project.folder, 'src/generated.ts'), 'utf8');
    expect(generated).toMatch(/answeredAt: string \| null/);
    expect(generated).toMatch(/amount: string, currency: string|amount: string; currency: string/);
    expect(generated).not.toMatch(/\bany\b/);
    await project.remove();
  });
});

