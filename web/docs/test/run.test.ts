import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemo, type Demo } from '../../explorer/e2e/support/demo';
import { block, pageAt, pattern, writtenPages } from './pages';
import { runPage } from './shell';

const pages = await writtenPages();
let demo: Demo;
beforeAll(async () => {
  demo = await startDemo({ traffic: true });
});
afterAll(async () => {
  await demo.stop();
});

/** Shell variables that a page uses but earlier pages define. */
function preamble(path: string): string {
  return path === 'guide/subscriptions.md'
    ? `api=${demo.http} token=${demo.user('ATTENDANT').token} shop=${demo.callshopId}`
    : '';
}

describe('the commands', () => {
  const withCommands = pages.filter(({ fences }) => fences.some(({ language, info }) => language === 'sh' && info.includes('run')));

  it.each(withCommands)('of $path print what the page shows', async (page) => {
    const ran = await runPage(page, preamble(page.path));
    expect(ran.some(({ shown }) => shown !== null)).toBe(true);
    for (const { command, shown, output } of ran) {
      if (shown !== null) {
        expect(output, command).toMatch(pattern(shown));
      }
    }
  });
});

describe('the JavaScript', () => {
  it('about money prints what the page shows', async () => {
    const page = await pageAt('guide/requests.md');
    const code = page.fences.findIndex(({ language, info }) => language === 'js' && info.includes('check'));
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', page.fences[code]?.text ?? ''], { encoding: 'utf8' });
    expect(stdout.trim()).toBe(page.fences[code + 1]?.text);
  });
});

describe('the messages', () => {
  it('of a socket are those that the server sends', async () => {
    const page = await pageAt('guide/subscriptions.md');
    const sessions = page.fences.filter(({ info }) => info.includes('socket'));
    expect(sessions).toHaveLength(2);
    for (const { text } of sessions) {
      await replay(text.replaceAll('TOKEN', demo.user('ATTENDANT').token).replaceAll('SHOP', demo.callshopId));
    }
  });

  it('of an event stream are those that the server sends', async () => {
    const shown = block(await pageAt('guide/subscriptions.md'), 'text', 'stream');
    const query = `subscription { callshopActivity(callshopId: "${demo.callshopId}") { cursor event { kind } } }`;
    const response = await fetch(demo.http, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${demo.user('ATTENDANT').token}`,
      },
      body: JSON.stringify({ query }),
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const events: string[] = [];
    let text = '';
    while (events.length < 2) {
      const part = await reader?.read();
      text += part?.value ?? '';
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      events.push(...blocks.filter((event) => event.startsWith('event:')));
    }
    await reader?.cancel();
    expect(events.slice(0, 2).join('\n\n')).toMatch(pattern(shown));
  });
});

/** Sends the client's lines, and waits for each of the server's lines. Events of the shop may arrive in between. */
async function replay(session: string): Promise<void> {
  const socket = new WebSocket(demo.http.replace('http', 'ws'), 'graphql-transport-ws');
  const received: string[] = [];
  let wake = (): void => undefined;
  socket.addEventListener('message', ({ data }) => {
    received.push(String(data));
    wake();
  });
  await new Promise((resolve) => {
    socket.addEventListener('open', resolve);
  });
  const next = async (expected: RegExp): Promise<void> => {
    for (;;) {
      const message = received.shift();
      if (message !== undefined && expected.test(message)) {
        return;
      }
      if (message === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  };
  for (const line of session.split('\n')) {
    if (line.startsWith('> ')) {
      socket.send(line.slice(2));
    } else {
      await next(pattern(line.slice(2)));
    }
  }
  socket.close(1000);
}
