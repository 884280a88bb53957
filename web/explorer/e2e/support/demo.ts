import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { at, isFields, listAt, textAt } from '../../src/json';

export interface DemoUser {
  readonly role: string;
  readonly login: string;
  readonly password: string;
  readonly token: string;
}

/** A running demo of the real server. */
export interface Demo {
  readonly http: string;
  readonly callshopId: string;
  readonly cabinIds: readonly string[];
  readonly hook: { readonly url: string; readonly secret: string };
  user(role: string): DemoUser;
  /** Runs an operation as the user with this role; if the role is null, without a login. */
  ask(role: string | null, query: string, variables?: Readonly<Record<string, unknown>>): Promise<unknown>;
  stop(): Promise<void>;
}

export interface DemoOptions {
  /** Whether customers are simulated. */
  readonly traffic: boolean;
}

/** Starts the server that CALLSHOP_TEST_SERVER names, with a fresh shop. */
export async function startDemo({ traffic }: DemoOptions): Promise<Demo> {
  const program = process.env.CALLSHOP_TEST_SERVER;
  if (program === undefined) {
    throw new Error('Set CALLSHOP_TEST_SERVER to the path of the `callshop` program.');
  }
  const folder = await mkdtemp(join(tmpdir(), 'callshop-demo-'));
  const flags = ['demo', '--json', '--listen', '127.0.0.1:0', '--dir', folder, ...(traffic ? [] : ['--no-traffic'])];
  // the demo refuses to start with options in its environment
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CALLSHOP_')));
  const server = spawn(program, flags, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const stop = async (): Promise<void> => {
    await stopped(server);
    await rm(folder, { recursive: true, force: true });
  };
  // a missing program causes an event, not an exception
  const failed = once(server, 'error').then(([error]: unknown[]) => {
    throw error;
  });
  try {
    return opened(await Promise.race([firstLine(server), failed]), stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function firstLine(server: ChildProcess): Promise<unknown> {
  if (server.stdout === null) {
    throw new Error('The server has no output.');
  }
  for await (const line of createInterface(server.stdout)) {
    const shop: unknown = JSON.parse(line);
    return shop;
  }
  throw new Error('The server ended before it was ready.');
}

function opened(shop: unknown, stop: () => Promise<void>): Demo {
  const users = listAt(shop, 'users').filter(isFields);
  const http = text(shop, 'http');
  const user = (role: string): DemoUser => {
    const found = users.find((one) => at(one, 'role') === role);
    return { role, login: text(found, 'login'), password: text(found, 'password'), token: text(found, 'token') };
  };
  return {
    http,
    callshopId: text(shop, 'callshopId'),
    cabinIds: listAt(shop, 'cabinIds').filter((id): id is string => typeof id === 'string'),
    hook: { url: text(shop, 'hook', 'url'), secret: text(shop, 'hook', 'secret') },
    user,
    ask: async (role, query, variables = {}) => {
      const headers = role === null ? {} : { authorization: `Bearer ${user(role).token}` };
      const response = await fetch(http, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
      });
      const body: unknown = await response.json();
      return body;
    },
    stop,
  };
}

function text(value: unknown, ...path: readonly string[]): string {
  const found = textAt(value, ...path);
  if (found === null) {
    throw new Error(`The demo did not say ${path.join('.')}.`);
  }
  return found;
}

async function stopped(server: ChildProcess): Promise<void> {
  if (server.pid !== undefined && server.exitCode === null && server.signalCode === null) {
    const exit = once(server, 'exit');
    server.kill('SIGTERM');
    await exit;
  }
}
