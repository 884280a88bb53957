import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Demo } from './support/demo.js';
import { Random } from './support/random.js';
import { Traffic } from './support/traffic.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let demo: Demo;
let folder: string;

beforeAll(async () => {
  // create the folder inside the workspace, so that its programs find the packages
  folder = await mkdtemp(here('../.readme-'));
  demo = await Demo.start();
}, 150_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  // a server that did not start has already failed the test
  await (demo as Demo | undefined)?.stop();
});

it('the example of the README shows a live call', async () => {
  const readme = await readFile(here('../README.md'), 'utf8');
  const example = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? '';
  await writeFile(join(folder, 'example.ts'), example);
  await bundle('example.ts', 'example.mjs');
  const { login, password } = demo.user('ATTENDANT');
  const environment = { CALLSHOP_URL: demo.url, CALLSHOP_LOGIN: login, CALLSHOP_PASSWORD: password, CALLSHOP_ID: demo.printed.callshopId };
  const running = spawn(process.execPath, [join(folder, 'example.mjs')], { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const lines = createInterface({ input: running.stdout });
    const shown = new Promise<string>((resolve) => lines.on('line', resolve));
    const ended = once(running, 'exit').then(() => 'The example ended.');
    const [phone = ''] = await demo.phones();
    const hangUp = await new Traffic(demo, new Random(1)).talk(phone);
    expect(await Promise.race([shown, ended])).toMatch(/^Cabin\S* 1: \+351 912 ?345 ?678, \d+ s, R\$.\d/);
    await hangUp();
  } finally {
    running.kill();
  }
});

it('the example for scripts without a code generator prints the name of the shop', async () => {
  const readme = await readFile(here('../README.md'), 'utf8');
  const example = /```js\n([^]*?)```/.exec(readme)?.[1] ?? '';
  expect(example).toContain('http://127.0.0.1:8080/graphql');
  await writeFile(join(folder, 'script.js'), example.replace('http://127.0.0.1:8080/graphql', demo.url));
  await bundle('script.js', 'script.mjs');
  const { login, password } = demo.user('ATTENDANT');
  const running = spawn(process.execPath, [join(folder, 'script.mjs')], {
    env: { ...process.env, CALLSHOP_LOGIN: login, CALLSHOP_PASSWORD: password },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: running.stdout });
  const shown = new Promise<string>((resolve) => lines.on('line', resolve));
  const ended = once(running, 'exit').then(() => 'The example ended.');
  expect(await Promise.race([shown, ended])).toBe('Callshop Sé');
  await ended;
});

/** Bundles a program of the folder with the client's sources. */
async function bundle(from: string, to: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { '@callshop/client': here('../src/index.ts') } },
    build: { ssr: join(folder, from), outDir: folder, emptyOutDir: false, target: 'node22', rollupOptions: { output: { entryFileNames: to } } },
  });
}
