import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Attendant, cents } from './attendant.js';
import { launch, openPage, pictureFailures, siteOf } from './browser.js';
import { answeredCall, phonesOnline, type SimulatedCall } from './calls.js';
import { emptyCabins, isRegisterOpen } from './day.js';
import { startDemo, userOf, type Demo } from './demo.js';
import { Keys } from './keys.js';
import type { Site } from './site.js';

// A short working day at the counter, without a mouse. Tab, Enter, the arrow keys and the shortcuts reach every control.
describe('the keyboard alone', () => {
  let demo: Demo;
  let site: Site;
  let browser: Browser;
  let page: Page;
  let ana: Attendant;
  let call: SimulatedCall;
  let keys: Keys;

  const press = (key: string) => keys.press(key);
  const type = (text: string) => keys.type(text);
  const reach = (target: Locator) => keys.reach(target);
  const activate = (target: Locator) => keys.activate(target);

  beforeAll(async () => {
    demo = await startDemo({ traffic: false });
    await emptyCabins(demo);
    await phonesOnline(demo, [6]);
    site = await siteOf(demo);
    browser = await launch();
    ({ page } = await openPage(browser, site, { width: 1280, theme: 'dark', language: 'pt-BR' }));
    ana = new Attendant(page);
    keys = new Keys(page);
  });

  afterAll(async () => {
    await browser.close();
    await site.close();
    await demo.stop();
  });

  pictureFailures(() => [page]);

  it('logs in', async () => {
    const { login, password } = userOf(demo, 'ATTENDANT');
    await reach(page.locator('input[name="username"]'));
    await type(login);
    await reach(page.locator('input[name="password"]'));
    await type(password);
    await press('Enter');
    await ana.tile(8).waitFor();
  });

  it('opens the register, after counting what the last shift left', async () => {
    if (await isRegisterOpen(demo)) {
      await activate(page.getByRole('link', { name: 'Caixa', exact: true }));
      await count('200');
      await press('Escape');
      await activate(page.getByRole('link', { name: 'Cabines', exact: true }));
    }
    await activate(page.getByRole('button', { name: 'ABRIR CAIXA' }));
    await reach(ana.dialog.locator('input'));
    await type('200');
    await press('Enter');
    await page.getByTestId('register-open').waitFor();
  });

  it('opens a cabin for a customer who pays in advance', async () => {
    await press('6');
    await press('o');
    await reach(ana.dialog.getByRole('radio', { name: 'Paga depois' }));
    await press('ArrowRight');
    await reach(ana.dialog.getByLabel(/^Depósito/));
    await type('10');
    await reach(ana.dialog.getByLabel('Cliente'));
    await type('Dona Maria');
    await press('Enter');
    await ana.tile(6, 'open').waitFor();
  });

  it('looks at the call in the drawer, and raises the deposit', async () => {
    call = await answeredCall(demo, 6, '+351912345678');
    await ana.tile(6, 'talking').waitFor();
    await press('6');
    await press('Enter');
    await reach(ana.dialog.getByLabel(/^Aumentar em/));
    await type('5');
    await press('Enter');
    await ana.dialog.getByText(/depositou R\$\s15,00/).waitFor();
    await press('Escape');
    await ana.dialog.waitFor({ state: 'detached' });
  });

  it('closes the cabin in the middle of the call', async () => {
    await press('6');
    await press('f');
    await activate(ana.dialog.getByRole('button', { name: 'Fechar quando a chamada terminar' }));
    await ana.dialog.getByText('Esperando o fim da última chamada').waitFor();
    await call.end();
  });

  it('gives back the rest of the deposit, and prints', async () => {
    await ana.dialog.getByText('A devolver').first().waitFor();
    expect(cents(await page.getByTestId('amount-due').innerText())).toBeGreaterThan(0);
    await activate(ana.dialog.getByRole('button', { name: 'Confirmar pagamento' }));
    await page.frameLocator('.receipt-paper').getByText('TOTAL', { exact: true }).waitFor();
    await reach(ana.dialog.getByRole('button', { name: 'Imprimir' }));
    await activate(ana.dialog.getByRole('button', { name: 'Concluir' }));
    await ana.dialog.waitFor({ state: 'detached' });
  });

  it('looks up a price', async () => {
    await press('/');
    await reach(page.locator('[data-search]'));
    await type('Portugal');
    await press('Enter');
    await page.locator('.quote').waitFor();
  });

  it('counts the drawer and reads the Z report', async () => {
    await activate(page.getByRole('link', { name: 'Caixa', exact: true }));
    await count('200');
    await ana.dialog.getByTestId('variance-CASH').waitFor();
    await press('Escape');
    await ana.dialog.waitFor({ state: 'detached' });
  });

  async function count(cash: string): Promise<void> {
    await reach(page.locator('.counts input').first());
    await type(cash);
    await activate(page.getByRole('button', { name: 'Fechar caixa e ver o Z' }));
    await ana.dialog.getByText('Esperado').waitFor();
  }
});
