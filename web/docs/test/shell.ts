import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from './pages';

export interface Ran {
  readonly command: string;
  /** Output that the page shows for the command; null if it shows none. */
  readonly shown: string | null;
  readonly output: string;
}

/** Runs the blocks of a page that are marked `run`, in one shell, and returns what each block printed. */
export async function runPage(page: Page, preamble: string): Promise<readonly Ran[]> {
  const folder = await mkdtemp(join(tmpdir(), 'callshop-page-'));
  try {
    const blocks = page.fences.flatMap((fence, index) =>
      fence.language === 'sh' && fence.info.includes('run') ? [{ command: fence.text, after: page.fences[index + 1] }] : [],
    );
    const ports = { '8080': await freePort(), '8081': await freePort() };
    const script = [
      'trap \'kill $(jobs -p) 2>/dev/null; wait\' EXIT',
      preamble,
      ...blocks.map(({ command }) => `printf '\\036'\n${adapt(command, ports)}`),
    ].join('\n');
    const output = await shell(script, folder);
    const parts = output.split('\x1e').slice(1);
    return blocks.map(({ command, after }, index) => ({
      command,
      shown: after?.info.includes('output') === true ? after.text : null,
      output: (parts[index] ?? '').trim(),
    }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Replaces the default ports in the commands, because other programs may use those ports. */
function adapt(command: string, ports: Readonly<Record<string, number>>): string {
  const demo = `callshop demo --listen 127.0.0.1:${ports['8080'] ?? 0}`;
  return command
    .replaceAll(/127\.0\.0\.1:(808[01])/g, (_, port: string) => `127.0.0.1:${ports[port] ?? 0}`)
    .replaceAll('callshop demo', demo);
}

async function shell(script: string, folder: string): Promise<string> {
  const program = process.env.CALLSHOP_TEST_SERVER;
  if (program === undefined) {
    throw new Error('Set CALLSHOP_TEST_SERVER to the path of the `callshop` program.');
  }
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await symlink(program, join(bin, 'callshop'));
  await writeFile(join(folder, 'page.sh'), script);
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CALLSHOP_')));
  const env = { ...own, PATH: `${bin}:${process.env.PATH ?? ''}` };
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['page.sh'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', reject).on('close', () => {
      resolve(output);
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') {
    throw new Error('There is no free port.');
  }
  return address.port;
}
