import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, logIn, openPage, pictureFailures, siteOf } from './browser.js';
import { emptyCabins, openCabin } from './day.js';
import { startDemo, type Demo } from './demo.js';
import { Keys } from './keys.js';
import type { Site } from './site.js';
import { startReceiver, type Receiver } from './webhookday.js';

// Manages a reseller's webhooks with the keyboard only, against a receiver that really gets the messages.
describe('the webhooks', () => {
  let demo: Demo;
  let receiver: Receiver;
  let site: Site;
  let browser: Browser;
  let page: Page;
  let keys: Keys;

  const dialog = () => page.getByRole('dialog');
  const button = (name: string, within: Page | Locator = page) => within.getByRole('button', { name, exact: true });
  const log = () => page.getByTestId('deliveries');

  /** Reads the secret that a dialog shows, and closes the dialog. */
  async function secret(): Promise<string> {
    const field = dialog().getByLabel('Segredo');
    await keys.reach(field);
    const shown = await field.inputValue();
    await keys.activate(button('Já guardei', dialog()));
    await dialog().waitFor({ state: 'detached' });
    return shown;
  }

  beforeAll(async () => {
    demo = await startDemo({ traffic: false });
    await emptyCabins(demo);
    receiver = await startReceiver();
    site = await siteOf(demo);
    browser = await launch();
    ({ page } = await openPage(browser, site, { width: 1280, theme: 'light', language: 'pt-BR' }));
    keys = new Keys(page);
    await logIn(page, demo, 'RESELLER');
  });

  afterAll(async () => {
    await browser.close();
    await site.close();
    receiver.close();
    await demo.stop();
  });

  pictureFailures(() => [page]);

  let first = '';

  it('creates a webhook with a ready document, and shows its secret once', async () => {
    await keys.activate(page.getByRole('link', { name: 'Webhooks', exact: true }));
    await page.getByText('Você ainda não tem webhooks.', { exact: false }).waitFor();
    await keys.activate(button('Novo webhook'));
    await keys.reach(dialog().getByLabel('Endereço'));
    await keys.type(receiver.url);
    await keys.reach(dialog().getByLabel('Para que serve'));
    await keys.type('Cabines');
    const what = dialog().getByLabel('O que enviar');
    await keys.reach(what);
    await what.selectOption({ label: 'Cabines abertas e fechadas' });
    expect(await dialog().getByLabel('Documento').inputValue()).toContain('kinds: [CABIN_OPENED, CABIN_CLOSED]');
    await keys.activate(button('Criar', dialog()));
    first = await secret();
    expect(first).toMatch(/^whsec_/);
    await page.getByTestId('webhook').getByText('Ligado', { exact: true }).waitFor();
  });

  it('sends a test, and an event of a shop', async () => {
    await keys.activate(button('Testar'));
    await log().getByText('O destino respondeu 204.').waitFor();
    await openCabin(demo, 5);
    // the list shows each new message of the log without a reload
    await log().getByRole('rowheader', { name: /^Evento \d+$/ }).waitFor();
  });

  it('sends a message again', async () => {
    await keys.activate(log().getByRole('button', { name: /^Enviar de novo: Evento/ }));
    await log().getByText('Tentativas: 2').waitFor();
  });

  it('is paused, and then delivers or skips what it has missed', async () => {
    const events = log().getByRole('rowheader', { name: /^Evento \d+$/ });
    const paused = page.getByTestId('webhook').getByText('Pausado', { exact: true });
    await keys.activate(button('Pausar'));
    await paused.waitFor();
    await openCabin(demo, 7);
    await keys.activate(button('Ligar de novo'));
    await dialog().getByText('O que fazer com os eventos que ele perdeu?').waitFor();
    await keys.activate(button('Ligar de novo', dialog()));
    await paused.waitFor({ state: 'detached' });
    await expect.poll(() => events.count()).toBe(2);

    await keys.activate(button('Pausar'));
    await paused.waitFor();
    await openCabin(demo, 8);
    await keys.activate(button('Ligar de novo'));
    await keys.reach(dialog().getByRole('radio').first());
    await keys.press('ArrowDown');
    await keys.activate(button('Ligar de novo', dialog()));
    await paused.waitFor({ state: 'detached' });
    await openCabin(demo, 4);
    const received = (cabin: number): boolean => receiver.bodies.some((body) => body.includes(demo.cabinIds[cabin - 1] ?? 'no cabin'));
    await expect.poll(() => received(4)).toBe(true);
    expect([received(5), received(7), received(8)]).toEqual([true, true, false]);
  });

  it('replaces the secret', async () => {
    await keys.activate(button('Novo segredo'));
    await keys.activate(button('Novo segredo', dialog()));
    const next = await secret();
    expect([next.startsWith('whsec_'), next === first]).toEqual([true, false]);
    await page.getByTestId('webhook').getByText('Segredo antigo vale até').waitFor();
  });

  it('shows that the server disabled the webhook, and enables it again', async () => {
    receiver.status = 410;
    await openCabin(demo, 6);
    await page.getByTestId('webhook').getByText('Desligado', { exact: true }).waitFor();
    await page.getByText(/não existe mais \(410\)/).waitFor();
    receiver.status = 204;
    await keys.activate(button('Ligar de novo'));
    await keys.activate(button('Ligar de novo', dialog()));
    await page.getByTestId('webhook').getByText('Ligado', { exact: true }).waitFor();
  });

  it('changes the webhook, and refuses a document that is not valid', async () => {
    await keys.activate(button('Mudar'));
    const text = dialog().getByLabel('Documento');
    await text.fill('subscription { nothing }');
    await keys.activate(button('Salvar', dialog()));
    await dialog().getByRole('alert').waitFor();
    await keys.press('Escape');
    await dialog().waitFor({ state: 'detached' });
  });

  it('deletes the webhook', async () => {
    await keys.activate(button('Apagar'));
    await keys.activate(button('Apagar', dialog()));
    await page.getByText('Você ainda não tem webhooks.', { exact: false }).waitFor();
  });
});
