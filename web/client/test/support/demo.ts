import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The output of `callshop demo --json`. */
interface Printed {
  readonly http: string;
  readonly callshopId: string;
  readonly cabinIds: readonly string[];
  readonly hook: { readonly url: string; readonly secret: string };
  readonly users: readonly { readonly login: string; readonly password: string; readonly role: string }[];
}

/** Maximum time for a start, long enough for a machine that builds something else at the same time. */
const STARTS_WITHIN_MS = 120_000;

/** The real server, with a database in a temporary folder and no traffic of its own. */
export class Demo {
  readonly port: number;
  readonly #binary: string;
  readonly #folder: string;
  #process: ChildProcess | null = null;
  #printed: Printed | null = null;

  private constructor(binary: string, folder: string, port: number) {
    this.#binary = binary;
    this.#folder = folder;
    this.port = port;
  }

  /** Starts the program that `CALLSHOP_TEST_SERVER` names. Fails without this variable, because a test that cannot run must not pass. */
  static async start(): Promise<Demo> {
    const binary = process.env.CALLSHOP_TEST_SERVER;
    if (binary === undefined || binary === '') {
      throw new Error('Set CALLSHOP_TEST_SERVER to the path of the callshop binary.');
    }
    const demo = new Demo(binary, await mkdtemp(join(tmpdir(), 'callshop-client-')), await freePort());
    try {
      await demo.run();
      return demo;
    } catch (error) {
      await demo.stop();
      throw error;
    }
  }

  get printed(): Printed {
    if (this.#printed === null) {
      throw new Error('The demo is not running.');
    }
    return this.#printed;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/graphql`;
  }

  /** File of the database. */
  get database(): string {
    return join(this.#folder, 'data', 'callshop.db');
  }

  /** SIP user names of the phones, in the order of the cabins. */
  async phones(): Promise<readonly string[]> {
    const written: unknown = JSON.parse(await readFile(join(this.#folder, 'data', 'demo.json'), 'utf8'));
    if (typeof written !== 'object' || written === null || !('phones' in written) || !Array.isArray(written.phones)) {
      throw new Error('demo.json has no phones.');
    }
    return written.phones.map(String);
  }

  user(role: string): { readonly login: string; readonly password: string } {
    const user = this.printed.users.find((one) => one.role === role);
    if (user === undefined) {
      throw new Error(`The demo has no ${role}.`);
    }
    return user;
  }

  /** Starts the server; after a `halt`, the server has the same database and port as before. */
  async run(): Promise<void> {
    const options = ['demo', '--json', '--no-traffic', '--listen', `127.0.0.1:${this.port}`, '--dir', join(this.#folder, 'data')];
    // the demo refuses to start if its environment has `CALLSHOP_` variables, so leave out those that these tests use
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CALLSHOP_')));
    const started = spawn(this.#binary, options, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = started;
    const log: string[] = [];
    createInterface({ input: started.stderr }).on('line', (line) => log.push(line));
    const lines = createInterface({ input: started.stdout });
    const failed = once(started, 'exit').then(() => Promise.reject(new Error(`The server ended:\n${log.join('\n')}`)));
    failed.catch(() => undefined);
    const first = new Promise<string>((resolve) => lines.once('line', resolve));
    const late = new Promise<never>((_, reject) => {
      AbortSignal.timeout(STARTS_WITHIN_MS).addEventListener('abort', () => reject(new Error(`The server did not start in time:\n${log.join('\n')}`)));
    });
    const printed: unknown = JSON.parse(await Promise.race([first, failed, late]));
    if (!isPrinted(printed)) {
      throw new Error('The output of `callshop demo --json` has an unexpected format.');
    }
    this.#printed = printed;
  }

  /** Stops the server in the way its operator would. */
  async halt(): Promise<void> {
    const running = this.#process;
    this.#process = null;
    if (running?.exitCode === null) {
      const ended = once(running, 'exit');
      running.kill('SIGTERM');
      await ended;
    }
  }

  async stop(): Promise<void> {
    await this.halt();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function isPrinted(value: unknown): value is Printed {
  return typeof value === 'object' && value !== null && ['http', 'callshopId', 'cabinIds', 'hook', 'users'].every((name) => name in value);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') {
    throw new Error('There is no free port.');
  }
  return address.port;
}
