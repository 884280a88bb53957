import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page as Tab } from 'playwright-core';
import { createServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, openPage } from '../../explorer/e2e/support/browser';
import { startDemo, type Demo } from '../../explorer/e2e/support/demo';
import { startSite, type Site } from '../../explorer/e2e/support/site';
import { LISTED } from '../.vitepress/sidebar';
import { SITE } from '../scripts/paths';
import { block, filesOf, pageAt } from './pages';
import { makeProject } from './project';

/** The content security policy that the site needs: its own files, and pictures inside its style sheet. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
});

describe('the site', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite({ folders: { '/docs/': join(SITE, 'dist') }, graphql: 'http://127.0.0.1:9', policy: POLICY });
  });
  afterAll(async () => {
    await site.stop();
  });

  async function visit(path: string, look: (tab: Tab) => Promise<void>, width = 1280, scheme: 'light' | 'dark' = 'light'): Promise<void> {
    const watched = await openPage(browser, { width, scheme, origins: [site.origin] });
    await watched.page.goto(`${site.origin}/docs/${path}`);
    await watched.page.locator('h1').first().waitFor();
    await look(watched.page);
    expect(watched.faults).toEqual([]);
    await watched.close();
  }

  const paths = LISTED.map(({ link }) => (link.endsWith('/') ? link.slice(1) : `${link.slice(1)}.html`));

  it.each(paths)('shows /docs/%s under its policy', async (path) => {
    await visit(path, async (page) => {
      await page.waitForFunction(() => document.querySelector('.VPNavBarSearch') !== null);
    });
  });

  it.each([
    ['guide/subscriptions.html', 1280, 'light'],
    ['guide/subscriptions.html', 390, 'dark'],
    ['reference/mutations.html', 1280, 'dark'],
    ['reference/mutations.html', 390, 'light'],
    ['reference/objects.html', 1280, 'light'],
    ['reference/errors.html', 1280, 'light'],
    ['guide/permissions.html', 1280, 'dark'],
  ] as const)('shows %s at %i pixels, %s, without overflow, and accessibly', async (path, width, scheme) => {
    await visit(
      path,
      async (page) => {
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
        // no table extends under the outline beside the text
        const right = await page.evaluate(() => document.querySelector('.vp-doc')?.getBoundingClientRect().right ?? 0);
        const tables = await page.evaluate(() => [...document.querySelectorAll('table')].map((table) => table.getBoundingClientRect().right));
        expect(tables.filter((edge) => edge > right + 1)).toEqual([]);
        const { violations } = await new AxeBuilder({ page }).include('.vp-doc').analyze();
        expect(violations.map(({ id, nodes }) => [id, nodes.length, nodes[0]?.html])).toEqual([]);
      },
      width,
      scheme,
    );
  });

  it('finds a close code by searching', async () => {
    await visit('', async (page) => {
      await page.locator('.VPNavBarSearch button').click();
      await page.locator('.VPLocalSearchBox input').fill('4508');
      await page.locator('.VPLocalSearchBox .result[href$="subscriptions.html#close-codes"]').click();
      await page.waitForURL(/subscriptions\.html#close-codes$/);
    });
  });

  it('follows links between pages, and to files', async () => {
    await visit('', async (page) => {
      await page.locator('.vp-doc').getByRole('link', { name: 'A web page' }).click();
      await page.waitForURL(/start\/web\.html$/);
      await page.goto(`${site.origin}/docs/reference/`);
      await page.getByRole('link', { name: 'Download the schema' }).click();
      await page.waitForURL(/schema\.graphql$/);
      expect(await page.locator('body').innerText()).toContain('type Query');
    });
  });

  it('has no inline script, no inline style, and nothing from elsewhere', async () => {
    for (const path of paths) {
      const html = await readFile(join(SITE, 'dist', path === '' || path.endsWith('/') ? `${path}index.html` : path), 'utf8');
      expect(html).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
      expect(html).not.toMatch(/<style| style="| on\w+="/);
      expect(html).not.toMatch(/(?:src|<link[^>]* href)="(?:https?:)?\/\//);
    }
  });

  it('has an index and a full text for language models', async () => {
    const index = await readFile(join(SITE, 'dist/llms.txt'), 'utf8');
    const full = await readFile(join(SITE, 'dist/llms-full.txt'), 'utf8');
    expect(index).toMatch(/^# callshop\n\n> /);
    for (const { title, link } of LISTED) {
      expect(index).toContain(`[${title}](/docs/${link.slice(1)}`);
      expect(full).toContain(`<!-- /docs/${link.slice(1)}`);
    }
  });
});

describe('the quick start for web pages', () => {
  let demo: Demo;
  beforeAll(async () => {
    demo = await startDemo({ traffic: true });
  });
  afterAll(async () => {
    await demo.stop();
  });

  /** Logs in through the page like a reader, and waits for a call in the list. */
  async function useAt(address: string, button: string): Promise<void> {
    const { origin } = new URL(address);
    const watched = await openPage(browser, { origins: [origin, new URL(demo.http).origin] });
    const { page } = watched;
    // a missing icon is not an error of the page
    await page.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }));
    await page.goto(address);
    const ana = demo.user('ATTENDANT');
    await page.getByLabel('Login').fill(ana.login);
    await page.getByLabel('Password').fill(ana.password);
    await page.getByRole('button', { name: button }).click();
    await page.getByRole('status').getByText('Callshop Sé').waitFor();
    await page.locator('li', { hasText: /\d+ s/ }).first().waitFor();
    await page.locator('li', { hasText: /BRL|R\$/ }).first().waitFor();
    expect(watched.faults).toEqual([]);
    await watched.close();
  }

  it('shows live calls in a page without a library', async () => {
    const html = block(await pageAt('start/web.md'), 'html', 'page');
    const project = await makeProject(new Map([['index.html', html.replace('http://127.0.0.1:8080/graphql', demo.http)]]));
    const site = await startSite({ folders: { '/': project.folder }, graphql: demo.http, policy: '' });
    await useAt(`${site.origin}/`, 'Show live calls');
    await site.stop();
    await project.remove();
  });

  it('shows a board with the client package', async () => {
    const files = new Map(filesOf(await pageAt('start/web.md')));
    const config = files.get('vite.config.mjs') ?? '';
    files.set('vite.config.mjs', config.replace('http://127.0.0.1:8080', new URL(demo.http).origin).replace('port: 5173', 'port: 0'));
    const project = await makeProject(files);
    const server = await createServer({
      root: project.folder,
      configFile: join(project.folder, 'vite.config.mjs'),
      cacheDir: join(project.folder, 'cache'),
      logLevel: 'error',
      resolve: { alias: { '@callshop/client': join(SITE, '../client/src/index.ts') } },
      server: { host: '127.0.0.1', fs: { strict: false }, hmr: false },
    });
    await server.listen();
    const address = server.httpServer?.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await useAt(`http://127.0.0.1:${port}/`, 'Log in');
    await server.close();
    await project.remove();
  });
});
