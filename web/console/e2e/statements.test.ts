import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, logIn, openPage, pictureFailures, siteOf } from './browser.js';
import { phonesOnline } from './calls.js';
import { emptyCabins, finishedCall, isRegisterOpen, openCabin, openRegister } from './day.js';
import { startDemo, type Demo } from './demo.js';
import { Keys } from './keys.js';
import type { Site } from './site.js';
import { price } from './tariffday.js';

// A reseller reads, prints and downloads a shop's statement with the keyboard only.
describe('the statement of a shop', () => {
  let demo: Demo;
  let site: Site;
  let browser: Browser;
  let page: Page;
  let keys: Keys;

  const statement = () => page.getByTestId('statement');
  const button = (name: string) => page.getByRole('button', { name, exact: true });

  beforeAll(async () => {
    demo = await startDemo({ traffic: false });
    await emptyCabins(demo);
    if (!(await isRegisterOpen(demo))) await openRegister(demo);
    await phonesOnline(demo, [1]);
    await openCabin(demo, 1);
    await finishedCall(demo, 1, '+351912345678');
    const amount = { amount: '1250.5', currency: 'BRL' };
    await price(demo, 'topUp', { accountId: demo.callshopId, amount, note: 'Comprovante 17', idempotencyKey: 'statement' }, 'balance { amount }');
    site = await siteOf(demo);
    browser = await launch();
    ({ page } = await openPage(browser, site, { width: 1280, theme: 'dark', language: 'pt-BR' }));
    keys = new Keys(page);
    await logIn(page, demo, 'RESELLER');
  });

  afterAll(async () => {
    await browser.close();
    await site.close();
    await demo.stop();
  });

  pictureFailures(() => [page]);

  /** The amounts of the table, in millionths. */
  async function amounts(): Promise<bigint[]> {
    const texts = await statement().locator('tbody td:last-child').allInnerTexts();
    return texts.map((text) => {
      const [whole = '', decimals = ''] = text.replace(/[^\d,-]/g, '').split(',');
      return BigInt(`${whole}${decimals.padEnd(6, '0')}`);
    });
  }

  it('has its balances, and the lines that lead from one to the other', async () => {
    await keys.activate(page.getByRole('link', { name: 'Extrato', exact: true }));
    await statement().getByRole('heading', { name: 'Revenda Paulista' }).waitFor();
    await keys.activate(button('Escolher outra'));
    await keys.activate(page.getByTestId('accounts').getByRole('button').first());
    await statement().getByRole('heading', { name: 'Callshop Sé' }).waitFor();
    const line = statement().getByRole('row', { name: /Comprovante 17/ });
    expect((await line.innerText()).replace(/\s/g, ' ')).toContain('R$ 1.250,50');
    await statement().getByRole('row', { name: /Versão 1 da tarifa .* 1 chamada/ }).waitFor();
    const all = await amounts();
    const [opening, closing] = [all.at(0), all.at(-1)];
    expect(all.length).toBe(5);
    expect(opening).toBe(0n);
    expect(all.slice(1, -1).reduce((sum, amount) => sum + amount, opening ?? 0n)).toBe(closing);
  });

  it.each([
    ['CSV', /\.csv$/, 'kind,at,note,'],
    ['PDF', /\.pdf$/, '%PDF-'],
  ])('is downloaded as %s', async (format, name, begin) => {
    const [download] = await Promise.all([page.waitForEvent('download'), keys.activate(button(`Baixar ${format}`))]);
    expect(download.suggestedFilename()).toMatch(name);
    const file = await readFile(await download.path(), 'latin1');
    expect(file.slice(0, begin.length)).toBe(begin);
    if (format === 'CSV') expect(file).toContain('Comprovante 17');
    // the page is still there
    await statement().waitFor();
  });

  it('is printed alone, and dark on light', async () => {
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await statement().isVisible()).toBe(true);
    for (const part of ['.nav', '.header', '.period-form', '.downloads', '.account-bar']) expect([part, await page.locator(part).isVisible()]).toEqual([part, false]);
    expect(await statement().getByRole('heading').evaluate((heading) => getComputedStyle(heading).color)).toBe('rgb(20, 32, 43)');
    await page.emulateMedia({ media: 'screen', colorScheme: 'dark' });
  });

  it('of another period has other lines', async () => {
    await keys.activate(button('Mês passado'));
    await page.getByText('Nenhum movimento neste período.').waitFor();
    expect(await amounts()).toEqual([0n, 0n]);
    const to = page.getByLabel('Até');
    await to.fill('2000-01-01');
    await page.getByText('A data final vem antes da inicial.').waitFor();
    expect(await statement().count()).toBe(0);
    await keys.activate(button('Este mês'));
    await statement().getByText('Comprovante 17').waitFor();
  });
});
