import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterEach } from 'vitest';
import type { Demo } from './demo.js';
import { userOf } from './demo.js';
import { serveConsole, type Site } from './site.js';

export const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

const pictures = process.env.CALLSHOP_PICTURES ?? '';

/** Folder for pictures: the folder that CALLSHOP_PICTURES names, or a temporary folder if the variable is 1. Empty if the variable is not set. */
export const PICTURES = pictures === '1' ? join(tmpdir(), 'callshop-console-pictures') : pictures;

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CALLSHOP_TEST_BROWSER ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** The console of this demo: the server's own page if CALLSHOP_WEB_URL names it, otherwise the build in `dist`. */
export async function siteOf(demo: Pick<Demo, 'http'>): Promise<Site> {
  const own = process.env.CALLSHOP_WEB_URL;
  if (own !== undefined && own !== '') return { url: own, close: () => Promise.resolve() };
  return serveConsole(DIST, new URL(demo.http));
}

/** After a failed test, saves screenshots of the pages in the folder that CALLSHOP_FAILURES names. */
export function pictureFailures(pages: () => readonly Page[]): void {
  const folder = process.env.CALLSHOP_FAILURES ?? '';
  afterEach(async ({ task }) => {
    if (folder === '' || task.result?.state !== 'fail') return;
    for (const [index, page] of pages().entries()) await page.screenshot({ path: join(folder, `${task.id}-${index}.png`) });
  });
}

export interface Look {
  readonly width: number;
  readonly theme: 'light' | 'dark';
  readonly language: 'pt-BR' | 'en' | 'es';
}

/** Opens a page in its own browser context. `complaints` collects the page's errors and warnings. */
export async function openPage(browser: Browser, site: Site, look: Look): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    viewport: { width: look.width, height: look.width < 600 ? 844 : 900 },
    colorScheme: look.theme,
    locale: look.language,
    timezoneId: 'America/Sao_Paulo',
  });
  await context.addInitScript((language) => {
    localStorage.setItem('callshop.settings', JSON.stringify({ language, sound: false }));
  }, look.language);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(site.url);
  return { page, complaints };
}

export async function logIn(page: Page, demo: Demo, role: string): Promise<void> {
  const { login, password } = userOf(demo, role);
  await page.locator('input[name="username"]').fill(login);
  await page.locator('input[name="password"]').fill(password);
  await page.locator('button[type="submit"]').click();
  await page.locator('#main h1').first().waitFor();
}
