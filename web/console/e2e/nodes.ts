import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cleanEnvironment, serverBinary, type Demo } from './demo.js';
import { seedShop, type Administrator } from './seed.js';

const HAPROXY = '/usr/sbin/haproxy';
const BALANCER = fileURLToPath(new URL('../../../deploy/haproxy.cfg', import.meta.url));
const READY_WITHIN_MS = 60_000;

export interface Cluster extends Demo {
  /** Kills the first node without a warning. The clients of the killed node continue on the other node. */
  readonly killNode: () => Promise<void>;
}

/** Starts two nodes with their own PostgreSQL database, which contains a shop, behind the balancer with the deployed configuration. */
export async function startCluster(postgres: string): Promise<Cluster> {
  const database = `console_${randomBytes(6).toString('hex')}`;
  await sql(postgres, `CREATE DATABASE ${database}`);
  const net = `127.${randomInt(64, 128)}.${randomInt(1, 255)}`;
  const secret = randomBytes(24).toString('hex');
  const environment = (address: string): Record<string, string | undefined> => ({
    ...cleanEnvironment(),
    CALLSHOP_DATABASE_URL: `${postgres}/${database}`,
    CALLSHOP_DATABASE_CONNECTIONS: '8',
    CALLSHOP_LISTEN: `${address}:8080`,
    CALLSHOP_HOOK__LISTEN: `${address}:8081`,
    CALLSHOP_HOOK__SECRETS: JSON.stringify([secret]),
    CALLSHOP_TRUSTED_PROXIES: JSON.stringify([`${net}.2`]),
  });
  const administrator = await createAdministrator(environment(`${net}.11`));
  const children: ChildProcess[] = [];
  for (const address of [`${net}.11`, `${net}.12`]) {
    children.push(spawn(serverBinary(), ['serve'], { stdio: ['ignore', 'ignore', 'inherit'], env: environment(address) }));
    await ready(`http://${address}:8080/readyz`);
  }
  children.push(
    spawn(HAPROXY, ['-db', '-f', BALANCER], { stdio: 'ignore', env: { ...cleanEnvironment(), NET: net, KEEP_USER: '1' } }),
  );
  await ready(`http://${net}.2:8080/graphql`);
  const http = `http://${net}.2:8080/graphql`;
  const shop = await seedShop(http, administrator);
  return {
    http,
    ...shop,
    hook: { url: `http://${net}.2:8081`, secret },
    killNode: () => end(children[0], 'SIGKILL'),
    stop: async () => {
      await Promise.all(children.map((child) => end(child, 'SIGTERM')));
      await sql(postgres, `DROP DATABASE ${database} WITH (FORCE)`);
    },
  };
}

export interface Strict {
  readonly http: string;
  readonly administrator: Administrator;
  readonly stop: () => Promise<void>;
}

/** Starts a server with its own database. The server requires a second factor for administrators. */
export async function startStrict(): Promise<Strict> {
  const folder = await mkdtemp(join(tmpdir(), 'callshop-strict-'));
  const address = `127.${randomInt(64, 128)}.${randomInt(1, 255)}.11`;
  const environment = {
    ...cleanEnvironment(),
    CALLSHOP_DATABASE_URL: `sqlite:${join(folder, 'callshop.db')}`,
    CALLSHOP_LISTEN: `${address}:8080`,
    CALLSHOP_HOOK__LISTEN: `${address}:8081`,
    CALLSHOP_HOOK__SECRETS: JSON.stringify([randomBytes(24).toString('hex')]),
    CALLSHOP_AUTH__REQUIRE_TOTP: JSON.stringify(['ADMIN']),
  };
  const administrator = await createAdministrator(environment);
  const server = spawn(serverBinary(), ['serve'], { stdio: ['ignore', 'ignore', 'inherit'], env: environment });
  await ready(`http://${address}:8080/readyz`);
  return {
    http: `http://${address}:8080/graphql`,
    administrator,
    stop: async () => {
      await end(server, 'SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function sql(postgres: string, statement: string): Promise<void> {
  await promisify(execFile)('psql', ['-q', '-d', `${postgres}/postgres`, '-c', statement]);
}

async function createAdministrator(env: Record<string, string | undefined>): Promise<Administrator> {
  const password = randomBytes(18).toString('hex');
  const running = promisify(execFile)(serverBinary(), ['user', 'create-admin'], { env });
  running.child.stdin?.end(password);
  const { stdout } = await running;
  return { login: stdout.replace('login:', '').trim(), password };
}

/** Waits until this address answers with any status below 500. */
async function ready(url: string): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const status = await fetch(url).then(
      (response) => response.status,
      () => 503,
    );
    if (status < 500) return;
    if (Date.now() > until) throw new Error(`${url} does not become ready.`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}
