import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, openPage, PICTURES, pictureFailures, siteOf } from './browser.js';
import { check } from './check.js';
import { startStrict, type Strict } from './nodes.js';
import { readQr } from './qr.js';
import type { Site } from './site.js';
import { codeOf } from './totp.js';

// The first login at a server that requires a second factor. Each step continues from the previous step.
describe('a server that requires a second factor', () => {
  let server: Strict;
  let site: Site;
  let browser: Browser;
  let page: Page;
  let codes: readonly string[];

  beforeAll(async () => {
    server = await startStrict();
    site = await siteOf(server);
    browser = await launch();
    ({ page } = await openPage(browser, site, { width: 390, theme: 'light', language: 'pt-BR' }));
  });

  afterAll(async () => {
    await browser.close();
    await site.close();
    await server.stop();
  });

  pictureFailures(() => [page]);

  async function enter(): Promise<void> {
    await page.locator('input[name="username"]').fill(server.administrator.login);
    await page.locator('input[name="password"]').fill(server.administrator.password);
    await page.getByRole('button', { name: 'Entrar' }).click();
  }

  /** Checks the page with axe, and takes a picture of the page if CALLSHOP_PICTURES is set. */
  async function look(screen: string): Promise<void> {
    await check(page, screen);
    if (PICTURES === '') return;
    await mkdir(PICTURES, { recursive: true });
    await page.screenshot({ path: join(PICTURES, `${screen}.png`), animations: 'disabled' });
  }

  it('begins with its set-up', async () => {
    await enter();
    await page.getByRole('heading', { name: 'Segundo fator' }).waitFor();
    await page.getByText('Este servidor exige um segundo fator').waitFor();
    expect(await page.locator('nav').count()).toBe(0);
    await look('set-up');
  });

  it('shows a code that a telephone can read, and takes the first digits', async () => {
    await page.getByLabel('Senha').fill(server.administrator.password);
    await page.getByRole('button', { name: 'Configurar' }).click();
    const picture = page.locator('svg.qr');
    await picture.waitFor();
    const uri = new URL((await readQr(browser, await picture.screenshot())) ?? '');
    const secret = uri.searchParams.get('secret') ?? '';
    expect([uri.protocol, await page.locator('code').innerText()]).toEqual(['otpauth:', secret]);
    await look('set-up-secret');
    await page.getByLabel('Código', { exact: true }).fill(codeOf(secret));
    await page.getByRole('button', { name: 'Ativar' }).click();
  });

  it('shows the recovery codes once, and then the page', async () => {
    const shown = page.locator('.recovery-codes code');
    await shown.first().waitFor();
    codes = await shown.allInnerTexts();
    expect(codes.length).toBeGreaterThanOrEqual(8);
    await look('set-up-codes');
    await page.getByRole('button', { name: 'Já guardei' }).click();
    await page.locator('.nav').waitFor();
    await page.reload();
    await page.locator('.nav').waitFor();
    expect(await page.locator('.recovery-codes').count()).toBe(0);
  });

  it('asks for a code at the next login', async () => {
    await page.getByRole('link', { name: 'Ajustes' }).last().click();
    await page.getByRole('button', { name: 'Sair' }).click();
    await enter();
    await page.getByLabel('Código', { exact: true }).fill(codes[0] ?? '');
    await page.getByRole('button', { name: 'Entrar' }).click();
    await page.locator('.nav').waitFor();
  });
});
