import { AxeBuilder } from '@axe-core/playwright';
import { join } from 'node:path';
import type { Browser, WebSocket } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, isFields, textAt } from '../src/json';
import { launch, openPage, type PageOptions, type Watched } from './support/browser';
import { startDemo, type Demo } from './support/demo';
import { ExplorerPage } from './support/explorer';
import { NARROW, WIDE } from './support/policy';
import { startSite, type Site } from './support/site';

const DIST = join(import.meta.dirname, '../dist');
const ROLES = ['ADMIN', 'DISTRIBUTOR', 'RESELLER', 'CALLSHOP_OWNER', 'ATTENDANT'];

let demo: Demo;
let site: Site;
let browser: Browser;

beforeAll(async () => {
  demo = await startDemo({ traffic: true });
  site = await startSite({ folders: { '/explorer/': DIST }, graphql: demo.http, policy: NARROW });
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  await site.stop();
  await demo.stop();
});

/** Runs the steps on a new page, and then checks that the page had no errors. */
async function visit(
  act: (explorer: ExplorerPage, watched: Watched) => Promise<void>,
  { at: where = site, ...options }: Partial<PageOptions> & { at?: Site } = {},
): Promise<void> {
  const watched = await openPage(browser, { ...options, origins: [where.origin] });
  try {
    const explorer = new ExplorerPage(watched.page);
    await explorer.open(where.origin);
    await act(explorer, watched);
    expect(watched.faults).toEqual([]);
  } finally {
    await watched.close();
  }
}

describe.each(ROLES)('as %s', (role) => {
  it('logs in, runs a query, and sees the messages of a subscription', async () => {
    await visit(async (explorer) => {
      expect(await explorer.who()).toBe('not logged in');
      await explorer.logIn(demo.user(role));
      await explorer.page.getByRole('button', { name: 'Live calls, every second' }).waitFor();
      await explorer.choose('Who am I?');
      await explorer.run();
      await explorer.status(/^200 · \d+ ms$/);
      expect(await explorer.response()).toContain(`"role": "${role}"`);
      await explorer.choose('Live calls, every second');
      await explorer.run();
      await explorer.status(/^listening · [3-9] messages$/);
      await explorer.page.getByRole('button', { name: 'Show messages' }).click();
      const oldest = explorer.page.locator('.messages li').last();
      expect(await oldest.innerText()).toContain('#1\n');
      expect(await oldest.innerText()).toContain('"asOf"');
      await explorer.stop();
      await explorer.status(/^stopped · \d+ messages$/);
    });
  });
});

describe('a login', () => {
  it('brings the role’s own schema, and logging out takes it away and closes the socket', async () => {
    await visit(async (explorer) => {
      await explorer.page.getByRole('button', { name: 'Who am I?' }).waitFor();
      expect(await explorer.ready()).not.toContain('Open a cabin');
      await explorer.logIn(demo.user('ATTENDANT'));
      await explorer.page.getByRole('button', { name: 'Open a cabin', exact: true }).waitFor();
      expect(await explorer.ready()).not.toContain('Create a tariff');
      await explorer.choose('Everything that happens in the shop');
      await explorer.run();
      await explorer.status(/^listening · [1-9]/);
      await explorer.logOut();
      await explorer.status(/^ended · \d+ messages? · The socket closed: 4403 Token revoked$/);
      await explorer.page.getByRole('button', { name: 'Open a cabin', exact: true }).waitFor({ state: 'detached' });
      expect(await explorer.who()).toBe('not logged in');
      await explorer.logIn(demo.user('RESELLER'));
      await explorer.page.getByRole('button', { name: 'Create a tariff' }).waitFor();
      expect(await explorer.ready()).not.toContain('Open a cabin');
    });
  });

  it('survives a reload of the tab, with the documents', async () => {
    await visit(async (explorer, { page }) => {
      await explorer.logIn(demo.user('ATTENDANT'));
      await page.getByRole('button', { name: 'Quote a price' }).waitFor();
      await explorer.choose('Quote a price');
      // GraphiQL stores the tabs half a second after a change
      await page.waitForFunction(() => sessionStorage.getItem('graphiql:tabState')?.includes('QuotePrice'));
      await explorer.open(site.origin);
      await explorer.waitFor('Ana Attendant');
      expect(await explorer.document()).toContain('QuotePrice');
    });
  });

  it('says why it was refused', async () => {
    await visit(async (explorer, { page }) => {
      await explorer.logIn({ login: demo.user('ATTENDANT').login, password: 'not this one' });
      await page.getByRole('alert').getByText('The login or password is wrong.').waitFor();
      await page.getByRole('button', { name: 'Cancel' }).click();
      expect(await explorer.who()).toBe('not logged in');
    });
  });

  it('can be a pasted token', async () => {
    await visit(async (explorer, { page, faults }) => {
      await explorer.pasteToken('nonsense');
      await page.getByRole('alert').getByText('The token is invalid, expired or revoked.').waitFor();
      // the browser itself logs the refusal, as an error with status 401
      expect(faults.splice(0)).toEqual([expect.stringContaining('401')]);
      await page.getByLabel('or paste an access token').fill(demo.user('RESELLER').token);
      await page.locator('dialog').getByRole('button', { name: 'Log in' }).click();
      await explorer.waitFor('Rui Reseller');
    });
  });

  it('is exchanged while a subscription runs, which goes on with the new token', async () => {
    await visit(async (explorer, { page }) => {
      // pretend that the token expires in half a minute: the page requests a new token immediately, and gets it while the subscription runs
      let start = (): void => undefined;
      const running = new Promise<void>((resolve) => {
        start = resolve;
      });
      await page.route('**/graphql', async (route) => {
        const text = route.request().postData() ?? '';
        if (text.includes('RefreshInput')) {
          await running;
        }
        if (!text.includes('LoginInput')) {
          return route.continue();
        }
        const response = await route.fetch();
        const body: unknown = await response.json();
        return route.fulfill({ response, json: expiringSoon(body) });
      });
      const opened = page.waitForEvent('websocket');
      await explorer.logIn(demo.user('ATTENDANT'));
      await explorer.waitFor('Ana Attendant');
      const before = await page.evaluate(() => sessionStorage.getItem('callshop.explorer.login'));
      await page.getByRole('button', { name: 'Live calls, every second' }).waitFor();
      await explorer.choose('Live calls, every second');
      await explorer.run();
      await explorer.status(/^listening · [1-9]\d* messages?$/);
      const exchanged = exchange(await opened);
      start();
      const { sent, expiresAt } = await exchanged;
      expect(before).not.toContain(sent);
      expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
      const count = await messages(explorer);
      await expect.poll(() => messages(explorer), { timeout: 20_000 }).toBeGreaterThan(count + 1);
    });
  });
});

async function messages(explorer: ExplorerPage): Promise<number> {
  return Number(/listening · (\d+)/.exec(await explorer.page.locator('.answer .status').innerText())?.[1]);
}

function expiringSoon(body: unknown): unknown {
  const payload = at(body, 'data', 'login');
  const accessTokenExpiresAt = new Date(Date.now() + 32_000).toISOString();
  return isFields(payload) ? { data: { login: { ...payload, accessTokenExpiresAt } } } : body;
}

/** Waits for a ping with a token, and for the server's answer to it. */
async function exchange(socket: WebSocket): Promise<{ sent: string; expiresAt: string }> {
  const [ping, pong] = await Promise.all([
    socket.waitForEvent('framesent', ({ payload }) => String(payload).includes('"ping"')),
    socket.waitForEvent('framereceived', ({ payload }) => String(payload).includes('expiresAt')),
  ]);
  const parse = ({ payload }: { payload: string | Buffer }): unknown => JSON.parse(String(payload));
  return {
    sent: textAt(parse(ping), 'payload', 'authorization')?.replace('Bearer ', '') ?? '',
    expiresAt: textAt(parse(pong), 'payload', 'expiresAt') ?? '',
  };
}

describe('the editors', () => {
  it('mark what the role’s schema does not have, and variables of the wrong type', async () => {
    await visit(async (explorer, { page }) => {
      await explorer.logIn(demo.user('ATTENDANT'));
      await page.getByRole('button', { name: 'Quote a price' }).waitFor();
      await explorer.write('query A($n: Int!) { viewer { id nonsense } nodes(ids: []) { id } a: __typename @skip(if: $n) }');
      await page.locator('.graphiql-query-editor .squiggly-error').first().waitFor();
      await page.locator('.graphiql-editor-tool .monaco-editor').first().click();
      await page.keyboard.insertText('{"n": "text"}');
      await page.locator('.graphiql-editor-tool :is(.squiggly-error, .squiggly-warning)').first().waitFor();
    });
  });

  it('lay out the document and its variables', async () => {
    await visit(async (explorer, { page }) => {
      await explorer.write('query A($a:ID!){node(id:$a){id}}');
      await page.locator('.graphiql-editor-tool .monaco-editor').first().click();
      await page.keyboard.insertText('{"a":"x"}');
      await page.getByRole('button', { name: /^Prettify/ }).click();
      await page.waitForFunction(() => document.querySelectorAll('.graphiql-query-editor .view-line').length > 4);
      await page.waitForFunction(() => document.querySelectorAll('.graphiql-editor-tool .view-line').length > 2);
    });
  });

  it('complete the names of fields', async () => {
    await visit(async (explorer, { page }) => {
      await explorer.logIn(demo.user('ATTENDANT'));
      await page.getByRole('button', { name: 'Quote a price' }).waitFor();
      await explorer.write('{ ');
      await page.keyboard.type('live');
      await page.locator('.suggest-widget .monaco-list-row', { hasText: 'liveCalls' }).first().waitFor();
    });
  });

  it('get an operation for a field of the schema', async () => {
    await visit(async (explorer, { page }) => {
      await explorer.logIn(demo.user('ATTENDANT'));
      await page.getByRole('button', { name: 'Quote a price' }).waitFor();
      await page.getByRole('searchbox', { name: 'Search the operations' }).fill('explaincharge');
      await explorer.choose('explainCharge');
      expect(await explorer.document()).toMatch(/^query.ExplainCharge\(\$callId/);
    });
  });
});

describe('a refused operation', () => {
  it('shows its errors and their number', async () => {
    await visit(async (explorer, { faults }) => {
      await explorer.write('query Refused { nonsense more }');
      await explorer.run();
      await explorer.status(/^400 · \d+ ms · 2 errors$/);
      expect(faults.splice(0)).toEqual([expect.stringContaining('400')]);
    });
  });
});

describe('the page', () => {
  it('works under the widest policy, too', async () => {
    const wide = await startSite({ folders: { '/explorer/': DIST }, graphql: demo.http, policy: WIDE });
    await visit(
      async (explorer) => {
        await explorer.logIn(demo.user('ATTENDANT'));
        await explorer.page.getByRole('button', { name: 'Live calls, every second' }).waitFor();
        await explorer.choose('Live calls, every second');
        await explorer.run();
        await explorer.status(/^listening · [2-9] messages$/);
      },
      { at: wide },
    );
    await wide.stop();
  });

  it.each([
    [1280, 'light'],
    [1280, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)('fits %i pixels, %s, and its own parts are accessible', async (width, scheme) => {
    await visit(
      async (explorer, { page }) => {
        const isAccessible = async (...parts: readonly string[]): Promise<void> => {
          const builder = parts.reduce((axe, part) => axe.include(part), new AxeBuilder({ page }));
          const { violations } = await builder.analyze();
          expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
        };
        await explorer.logIn(demo.user('ATTENDANT'));
        if (width < 900) {
          await page.getByRole('button', { name: 'Show Operations' }).click();
        }
        await page.getByRole('button', { name: 'Live calls, every second' }).waitFor();
        await isAccessible('.page-header', '.operations');
        await explorer.choose('Live calls, every second');
        await explorer.run();
        await explorer.status(/^listening · [1-9]/);
        await page.getByRole('button', { name: 'Show messages' }).click();
        await page.locator('.messages li').first().waitFor();
        await isAccessible('.answer');
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      },
      { width, scheme },
    );
  });
});
