import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { portOf } from './site.js';

export interface DemoUser {
  readonly login: string;
  readonly password: string;
  readonly role: string;
  readonly token: string;
}

export interface Demo {
  readonly http: string;
  readonly callshopId: string;
  readonly cabinIds: readonly string[];
  readonly users: readonly DemoUser[];
  readonly hook: { readonly url: string; readonly secret: string };
  /** SIP users of the phones, in the order of the cabins. */
  readonly phones: readonly string[];
  readonly stop: () => Promise<void>;
}

interface Printed extends Omit<Demo, 'phones' | 'stop'> {
  readonly ws: string;
}

function isPrinted(value: unknown): value is Printed {
  return typeof value === 'object' && value !== null && 'http' in value && 'users' in value && 'hook' in value;
}

function phonesOf(value: unknown): readonly string[] {
  const phones: unknown = typeof value === 'object' && value !== null && 'phones' in value ? value.phones : null;
  return Array.isArray(phones) ? phones.map(String) : [];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function serverBinary(): string {
  const binary = process.env.CALLSHOP_TEST_SERVER;
  if (binary === undefined || binary === '') throw new Error('CALLSHOP_TEST_SERVER must name the callshop program.');
  return binary;
}

/** Starts the real server with a new shop, in a folder that is deleted when the server stops. */
export async function startDemo(options: { readonly traffic: boolean }): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'callshop-console-'));
  const args = ['demo', '--listen', `127.0.0.1:${await freePort()}`, '--dir', folder, '--json'];
  const child = spawn(serverBinary(), options.traffic ? args : [...args, '--no-traffic'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: cleanEnvironment(),
  });
  const printed: unknown = JSON.parse(await firstLine(child));
  if (!isPrinted(printed)) throw new Error('The output of `callshop demo --json` has an unexpected format.');
  const phones = phonesOf(JSON.parse(await readFile(join(folder, 'demo.json'), 'utf8')));
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  return { ...printed, phones, stop };
}

/** The environment of this process without CALLSHOP_ variables, because a server reads each of them as an option. */
export function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CALLSHOP_')));
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('The demo has no output.');
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error('The demo ended before it printed its addresses.');
}

export function userOf(demo: Demo, role: string): DemoUser {
  const user = demo.users.find((candidate) => candidate.role === role);
  if (user === undefined) throw new Error(`The demo has no ${role}.`);
  return user;
}

type Variables = Readonly<Record<string, unknown>>;

/** Sends a document to the API; without a token, the caller is anonymous. */
export async function send(http: string, token: string | null, query: string, variables: Variables = {}): Promise<unknown> {
  const response = await fetch(http, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

/** Sends a request directly to the API, as one of the demo's users. */
export function ask(demo: Demo, role: string, query: string, variables: Variables = {}): Promise<unknown> {
  return send(demo.http, userOf(demo, role).token, query, variables);
}
