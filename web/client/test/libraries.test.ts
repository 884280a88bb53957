import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Demo } from './support/demo.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const LIBRARIES = here('libraries');
const PAGE = here('../../docs/pages/guide/subscriptions.md');

/** File names for the adapters on the documentation page, in the order in which the page shows them. (The page does not name the files.) */
const ADAPTERS = ['urql-websocket.js', 'apollo-websocket.js', 'relay-websocket.js'];

let demo: Demo;
let folder: string;

beforeAll(async () => {
  await access(join(LIBRARIES, 'node_modules/graphql')).catch(() => {
    throw new Error(`The libraries are missing. Run npm ci --prefix ${LIBRARIES}`);
  });
  folder = await mkdtemp(join(tmpdir(), 'callshop-libraries-'));
  // the documentation's modules are in the folder of the packages, so that they find the packages
  await symlink(join(LIBRARIES, 'node_modules'), join(folder, 'node_modules'));
  await cp(LIBRARIES, folder, { recursive: true, filter: (path) => !path.endsWith('node_modules') });
  for (const [name, text] of await recipes()) {
    await writeFile(join(folder, name), text);
  }
  demo = await Demo.start();
}, 150_000);

afterAll(async () => {
  // a server that did not start has already failed the tests
  await (demo as Demo | undefined)?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The JavaScript of the documentation page about subscriptions, with the test server's address instead of the example's. */
async function recipes(): Promise<ReadonlyMap<string, string>> {
  const page = await readFile(PAGE, 'utf8');
  const adapters = [...ADAPTERS];
  const found = [...page.matchAll(/^```js (?:file=(\S+)|adapter)\n([^]*?)^```$/gm)].map(([, name = adapters.shift(), text = '']) => {
    if (name === undefined) {
      throw new Error('The page has an adapter that no test runs.');
    }
    return [name, text.replace(/'(?:wss|https):\/\/shop\.example\/graphql'/, 'globalThis.address')] as const;
  });
  expect(adapters).toEqual([]);
  return new Map(found);
}

/** Runs a program of the folder, and returns the lines that it printed. If the program fails, the error contains its whole output. */
async function run(script: string, ...options: readonly string[]): Promise<readonly string[]> {
  const { login, password } = demo.user('CALLSHOP_OWNER');
  const [cabinId = ''] = demo.printed.cabinIds;
  const shop = { url: demo.url, metrics: `${demo.printed.hook.url}/metrics`, callshopId: demo.printed.callshopId, cabinId, login, password };
  const running = spawn(process.execPath, ['--experimental-eventsource', '--no-warnings', join(folder, script), ...options], {
    env: { ...process.env, SHOP: JSON.stringify(shop) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  const errors: string[] = [];
  running.stdout.on('data', (text: Buffer) => said.push(text.toString()));
  running.stderr.on('data', (text: Buffer) => errors.push(text.toString()));
  await once(running, 'close');
  const lines = said.join('').trim().split('\n');
  expect(running.exitCode, [...said, ...errors].join('')).toBe(0);
  console.info([`${script} ${options.join(' ')}`, ...lines].join('\n  '));
  return lines;
}

const DAY = [
  'ok login',
  'ok query',
  'ok mutation, seen by the subscription',
  'ok unsubscribe, gone on the server',
  'ok an invalid document is GRAPHQL_VALIDATION_FAILED',
  'ok a wrong id is NOT_FOUND',
];
const RESUME = 'ok resume after a cut, no gap, nothing twice';

describe('an unchanged library', () => {
  it.each([
    ['apollo.mjs', 'websocket', true],
    ['apollo.mjs', 'multipart', false],
    ['urql.mjs', 'websocket', true],
    ['urql.mjs', 'graphql-sse', true],
    ['urql.mjs', 'event-stream', false],
    ['relay.mjs', 'websocket', true],
    ['relay.mjs', 'graphql-sse', true],
    ['plain.mjs', 'graphql-ws', false],
    ['plain.mjs', 'graphql-sse', false],
  ] as const)('%s over %s does all that a board needs', async (script, mode, resumes) => {
    const lines = await run(script, mode);
    expect(lines.filter((line) => line !== RESUME)).toEqual(DAY);
    expect(lines.includes(RESUME)).toBe(resumes);
  }, 120_000);

  it('graphql-sse with a single connection is refused, and says so', async () => {
    expect(await run('single.mjs')).toEqual(['ok refused: Server responded with 405: Method Not Allowed']);
  }, 60_000);

  it('the recipe for event streams replaces a token that the server refuses', async () => {
    expect(await run('token.mjs')).toEqual(['ok a token that stays refused ends the subscription', 'ok a new token goes on']);
  }, 60_000);

  it('EventSource resumes by Last-Event-ID', async () => {
    expect(await run('eventsource.mjs')).toHaveLength(5);
  }, 120_000);
});
