import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import type { ShopState, StreamFormat } from '../../src/index.js';
import type { Demo } from './demo.js';
import type { Random } from './random.js';
import { Seen } from './seen.js';
import { until } from './until.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The program of a tab. */
export class TabProgram {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async build(): Promise<TabProgram> {
    // inside the workspace, so that the packages are found
    const folder = await mkdtemp(here('../../.tab-'));
    await build({
      configFile: false,
      logLevel: 'error',
      build: { ssr: here('tabPage.ts'), outDir: folder, emptyOutDir: false, target: 'node22', rollupOptions: { output: { entryFileNames: 'tab.mjs' } } },
    });
    return new TabProgram(folder);
  }

  get path(): string {
    return join(this.#folder, 'tab.mjs');
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}

/** A browser's tab in the background: it is frozen repeatedly, sometimes for so long that the server closes its connections. */
export class Tab {
  readonly seen = new Seen();
  readonly counts = { freezes: 0, frozenSeconds: 0 };
  readonly #process: ChildProcess;

  private constructor(path: string) {
    this.#process = fork(path, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#process.on('message', (message: unknown) => this.#hear(message));
  }

  static async open(demo: Demo, program: TabProgram, format: StreamFormat | null): Promise<Tab> {
    const tab = new Tab(program.path);
    tab.#process.send({ url: demo.url, callshopId: demo.printed.callshopId, format, ...demo.user('ATTENDANT') });
    await until('the first state of a tab', () => tab.seen.last !== null, 60_000, () => tab.seen.failure);
    return tab;
  }

  /**
   * Freezes the tab at random until the time is over. After half of the freezes, the tab gets the event that the page is visible again; after the
   * other half, the tab gets no event.
   */
  async hide(random: Random, seconds: number): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
      await sleep(random.int(200, 4_000));
      // the server closes a socket that has been silent for two ping intervals of 20 seconds
      const frozenMs = Math.min(random.next() < 0.5 ? random.int(500, 8_000) : random.int(8_000, 75_000), Math.max(0, end - Date.now()));
      this.#process.kill('SIGSTOP');
      await sleep(frozenMs);
      this.#process.kill('SIGCONT');
      this.counts.freezes += 1;
      this.counts.frozenSeconds += Math.round(frozenMs / 1000);
      if (random.next() < 0.5) {
        this.#process.send({ seen: true });
      }
    }
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await ended;
    }
  }

  #hear(message: unknown): void {
    if (isTold(message, 'state')) {
      this.seen.show(message.state);
    } else if (isTold(message, 'connection')) {
      this.seen.connection(message.connection);
    } else {
      this.seen.failure = message;
    }
  }
}

interface Told {
  readonly state: ShopState;
  readonly connection: string;
}

/** The tab runs a program of these tests, so a message with this name has the expected type. */
function isTold<K extends keyof Told>(message: unknown, name: K): message is Pick<Told, K> {
  return typeof message === 'object' && message !== null && name in message;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
