import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, logIn, openPage, siteOf } from './browser.js';
import { answeredCall, phonesOnline, type SimulatedCall } from './calls.js';
import { emptyCabins, isRegisterOpen } from './day.js';
import { startDemo, type Demo } from './demo.js';
import type { Site } from './site.js';

// An attendant's day at the counter. Each step continues from the previous step.
describe('the counter', () => {
  let demo: Demo;
  let site: Site;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let call: SimulatedCall;

  const tile = (number: number) => page.locator(`.tile[data-cabin="${number}"]`);
  const dialog = () => page.locator('[role="dialog"]');
  const cents = (text: string) => Number(text.replace(/\D/g, ''));
  const seconds = async () => {
    const [minutes = '0', rest = '0'] = (await tile(6).locator('.elapsed').innerText()).split(':');
    return Number(minutes) * 60 + Number(rest);
  };

  beforeAll(async () => {
    demo = await startDemo({ traffic: false });
    await emptyCabins(demo);
    await phonesOnline(demo, [6, 7]);
    site = await siteOf(demo);
    browser = await launch();
    ({ page, complaints } = await openPage(browser, site, { width: 1280, theme: 'light', language: 'pt-BR' }));
  });

  afterAll(async () => {
    await browser.close();
    await site.close();
    await demo.stop();
  });

  it('refuses a wrong password in the reader’s language', async () => {
    await page.locator('input[name="username"]').fill('nobody@nowhere');
    await page.locator('input[name="password"]').fill('wrong password');
    await page.locator('button[type="submit"]').click();
    await page.getByRole('alert').getByText('Usuário ou senha não conferem.').waitFor();
  });

  it('logs in and shows the cabins', async () => {
    await logIn(page, demo, 'ATTENDANT');
    await tile(8).waitFor();
    expect(await page.locator('.tile').count()).toBe(demo.cabinIds.length);
    expect(await tile(6).getAttribute('data-state')).toBe('closed');
  });

  it('opens the register if it is closed', async () => {
    if (await isRegisterOpen(demo)) {
      await closeAndCount('200');
      await page.keyboard.press('Escape');
      await page.evaluate(() => {
        window.location.hash = '#/board';
      });
    }
    await page.getByRole('button', { name: 'ABRIR CAIXA' }).click();
    await dialog().locator('input').fill('200,00');
    await dialog().getByRole('button', { name: 'Abrir caixa' }).click();
    await page.getByTestId('register-open').waitFor();
  });

  it('opens a cabin with the keyboard alone', async () => {
    await page.keyboard.press('6');
    expect(await tile(6).getAttribute('aria-current')).toBe('true');
    await page.keyboard.press('o');
    await dialog().getByLabel('Cliente').fill('Dona Maria');
    await page.keyboard.press('Enter');
    await dialog().waitFor({ state: 'detached' });
    await page.locator('.tile[data-cabin="6"][data-state="open"]').waitFor();
  });

  it('shows a live call tick', async () => {
    call = await answeredCall(demo, 6, '+351912345678');
    await page.locator('.tile[data-cabin="6"][data-state="talking"]').waitFor();
    expect(await tile(6).innerText()).toContain('Portugal');
    expect(await tile(6).innerText()).toContain('+351 912345678');
    const first = await seconds();
    await expect.poll(seconds, { timeout: 15_000 }).toBeGreaterThan(first + 1);
    expect(await tile(6).locator('.cost').innerText()).not.toMatch(/R\$\s0,00/);
    expect(await page.getByTestId('announcements').textContent()).toContain('Cabine 6: chamada atendida.');
  });

  it('shows the customer the call on a screen of the cabin’s own', async () => {
    await tile(6).locator('.tile-cover').click();
    await dialog().getByRole('button', { name: 'Criar tela' }).click();
    await dialog().getByRole('img', { name: 'Código QR da tela do cliente' }).waitFor();
    const address = await dialog().getByRole('link', { name: 'abrir a tela' }).getAttribute('href');
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    const screen = await context.newPage();
    await screen.goto(address ?? '');
    const cost = screen.locator('.screen-cost');
    await cost.waitFor();
    expect(await screen.locator('h1').innerText()).not.toBe('');
    const before = await screen.locator('.screen-time').innerText();
    await screen.waitForFunction((text) => document.querySelector('.screen-time')?.textContent !== text, before);
    expect(cents(await cost.innerText())).toBeGreaterThan(0);
    const { violations } = await new AxeBuilder({ page: screen }).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    if (process.env.CALLSHOP_SCREEN_PICTURE !== undefined) await screen.screenshot({ path: process.env.CALLSHOP_SCREEN_PICTURE });
    await dialog().getByRole('button', { name: 'Encerrar' }).click();
    await screen.getByRole('alert').waitFor();
    await context.close();
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
  });

  it('counts on while it is offline, sends nothing, and catches up', async () => {
    await page.context().setOffline(true);
    await page.locator('.offline').waitFor();
    await page.locator('.tile-stale').first().waitFor();
    const first = await seconds();
    await expect.poll(seconds, { timeout: 15_000 }).toBeGreaterThan(first + 1);
    await expect.poll(() => page.locator('.offline').innerText()).toMatch(/há ([2-9]|\d\d+) s/);
    await tile(7).locator('.button-open').click();
    await dialog().getByRole('button', { name: 'Abrir cabine' }).click();
    await dialog().getByRole('alert').getByText('Sem conexão com o servidor.').waitFor();
    await page.keyboard.press('Escape');
    await page.context().setOffline(false);
    await page.locator('.offline').waitFor({ state: 'detached', timeout: 60_000 });
    await page.locator('.tile-stale').first().waitFor({ state: 'detached' });
    // the action that failed while offline was not sent later
    expect(await tile(7).getAttribute('data-state')).toBe('closed');
  });

  it('adds a drink in the drawer', async () => {
    await tile(6).locator('.tile-cover').click();
    await dialog().getByLabel('Descrição').fill('Água');
    await dialog().getByLabel('Quantidade').fill('2');
    await dialog().getByLabel(/^Preço/).fill('3,50');
    await dialog().getByRole('button', { name: 'Adicionar' }).click();
    await dialog().getByText('2 × Água').waitFor();
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
  });

  it('closes the cabin and shows the statement', async () => {
    await call.end();
    await page.locator('.tile[data-cabin="6"][data-state="open"]').waitFor();
    await page.keyboard.press('6');
    await page.keyboard.press('f');
    await dialog().getByRole('button', { name: 'Fechar cabine' }).click();
    await dialog().getByText('Conta da cabine 6').waitFor();
    const bill = dialog().locator('.bill-paper');
    await bill.getByText('+351 912345678').waitFor();
    expect(await bill.innerText()).toContain('2 × Água');
    expect(await page.getByTestId('amount-due').innerText()).toMatch(/^R\$\s7,\d\d$/);
  });

  it('settles with change and shows the receipt', async () => {
    await dialog().getByLabel(/^Recebido/).fill('20');
    const due = await page.getByTestId('amount-due').innerText();
    expect(cents(await page.getByTestId('change').innerText())).toBe(2000 - cents(due));
    await dialog().getByRole('button', { name: 'Confirmar pagamento' }).click();
    await page.getByTestId('change-given').waitFor();
    expect(cents(await page.getByTestId('change-given').innerText())).toBe(2000 - cents(due));
    const paper = page.frameLocator('.receipt-paper').locator('body');
    await paper.getByText('TOTAL', { exact: true }).waitFor();
    expect(await paper.innerText()).not.toContain('2ª VIA');
    // the receipt's own style sheet applies despite the content security policy
    expect(await page.evaluate(() => document.querySelector('iframe')?.contentDocument?.adoptedStyleSheets.length)).toBe(1);
    await dialog().getByRole('button', { name: 'Concluir' }).click();
  });

  it('reprints it as a copy', async () => {
    await page.getByRole('link', { name: 'Recibos' }).click();
    await page.locator('tr', { hasText: 'Dona Maria' }).getByRole('button').click();
    await page.frameLocator('.receipt-paper').getByText('2ª VIA').waitFor();
    await page.keyboard.press('Escape');
  });

  it('counts the drawer blind and shows the Z report', async () => {
    await closeAndCount('200');
    expect(await page.getByTestId('variance-CASH').innerText()).toMatch(/^-R\$\s7,\d\d \(falta\)$/);
    expect(complaints.filter((text) => !isExpected(text))).toEqual([]);
  });

  async function closeAndCount(cash: string): Promise<void> {
    await page.getByRole('link', { name: 'Caixa', exact: true }).click();
    await page.getByText('Os valores aparecem depois da contagem.').waitFor();
    expect(await page.locator('.main').innerText()).not.toContain('Esperado');
    await page.locator('.counts input').first().fill(cash);
    await page.getByRole('button', { name: 'Fechar caixa e ver o Z' }).click();
    await dialog().getByText('Esperado').waitFor();
  }
});

/** Whether the browser logged this message because the network was off. */
function isExpected(complaint: string): boolean {
  return /ERR_INTERNET_DISCONNECTED|WebSocket connection .* failed/.test(complaint);
}
