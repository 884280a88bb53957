import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, logIn, openPage, pictureFailures, siteOf } from './browser.js';
import { ASKING_DECK, BAD_DECK, chooseDeck, LARGE_DECK } from './decks.js';
import { startDemo, type Demo } from './demo.js';
import { Keys } from './keys.js';
import type { Site } from './site.js';

// Imports carriers' decks with the keyboard only. The test sets the files directly, because the system's file dialog is not
// part of the page.
describe('imports of rate decks', () => {
  let demo: Demo;
  let site: Site;
  let browser: Browser;
  let page: Page;
  let keys: Keys;

  const dialog = () => page.getByRole('dialog');
  const card = () => page.getByTestId('import');
  const button = (name: string, within: Page | Locator = page) => within.getByRole('button', { name, exact: true });

  async function check(name: string, text: string): Promise<void> {
    await dialog().waitFor();
    await chooseDeck(page, name, text);
    await keys.activate(button('Verificar o arquivo', dialog()));
    await dialog().waitFor({ state: 'detached' });
    await card().getByRole('heading', { name: `Importação de ${name}` }).waitFor();
  }

  beforeAll(async () => {
    demo = await startDemo({ traffic: false });
    site = await siteOf(demo);
    browser = await launch();
    ({ page } = await openPage(browser, site, { width: 1280, theme: 'light', language: 'pt-BR' }));
    keys = new Keys(page);
    await logIn(page, demo, 'RESELLER');
  });

  afterAll(async () => {
    await browser.close();
    await site.close();
    await demo.stop();
  });

  pictureFailures(() => [page]);

  it('shows the errors of a file, with their lines and remedies', async () => {
    await keys.activate(page.getByRole('link', { name: 'Tarifas', exact: true }));
    await keys.activate(page.locator('.choice', { hasText: 'Counter' }));
    await page.getByRole('heading', { name: 'Versões de Counter' }).waitFor();
    await keys.activate(button('Importar preços'));
    await check('bad.csv', BAD_DECK);
    const row = page.getByTestId('problems').locator('tbody tr').filter({ hasText: 'Erro:' }).first();
    await row.waitFor();
    expect(await row.locator('td').first().textContent()).toMatch(/^\d+$/);
  });

  it('checks another file, whose question one key answers', async () => {
    await keys.activate(button('Escolher outro arquivo', card()));
    await check('atlantico.csv', ASKING_DECK);
    await card().getByText('O servidor pergunta', { exact: true }).waitFor();
    const question = card().getByRole('group');
    await question.getByText('03/04/2026').waitFor();
    await keys.activate(button('dia, mês, ano', question));
    await card().getByText('Verificado: nada mudou ainda', { exact: true }).waitFor();
    // the focus stays in the card, although the button is gone
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('import-title');
    await card().locator('dt').getByText('Mais baratos', { exact: true }).waitFor();
    await card().getByText(/abaixo do custo\.$/).first().waitFor();
    await page.getByTestId('import-impact').getByText('Mudança da margem', { exact: true }).waitFor();
    await page.getByTestId('problems').getByText('Aviso:').first().waitFor();
  });

  it('saves the answers for the carrier', async () => {
    await keys.reach(card().getByLabel('Nome da operadora'));
    await keys.type('Atlântico');
    await keys.activate(button('Guardar', card()));
    await card().getByText('As respostas estão guardadas como Atlântico.').waitFor();
  });

  it('shows the rates that the file would change', async () => {
    const rates = card().getByTestId('changed-rates');
    await keys.reach(rates.getByRole('radio').first());
    await rates.getByRole('radio', { name: 'Mais baratos' }).press('Space');
    const row = rates.locator('.rates-changed tbody tr').filter({ hasText: '+351' }).first();
    await row.getByText(/^R\$\s0,01/).first().waitFor();
    await row.getByText(/^-\d.*%$/).waitFor();
  });

  it('starts the checked file without another upload, goes on while the user visits another screen, and leads to what the version changes', async () => {
    await keys.activate(button('Importar', card()));
    await keys.activate(page.getByRole('link', { name: 'Webhooks', exact: true }));
    await page.getByRole('heading', { name: 'Webhooks' }).waitFor();
    await keys.activate(page.getByRole('link', { name: 'Tarifas', exact: true }));
    await keys.activate(page.locator('.choice', { hasText: 'Counter' }));
    await card().getByText('A versão 2 é um rascunho. Nenhum preço mudou ainda.').waitFor();
    await keys.activate(button('Ver o que a versão 2 muda', card()));
    const comparison = page.getByTestId('comparison');
    await comparison.getByRole('heading', { name: 'O que a versão 2 muda' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('comparison-title');
    await keys.reach(comparison.getByRole('radio').first());
    await comparison.getByRole('radio', { name: 'Mais baratos' }).press('Space');
    await comparison.locator('.rates-changed tbody tr').filter({ hasText: '+351' }).first().waitFor();
  });

  it('lists the imports, and shows one of them again after the page was reloaded', async () => {
    await page.reload();
    await keys.activate(page.locator('.choice', { hasText: 'Counter' }));
    const list = page.getByTestId('imports');
    await list.getByText('Importada', { exact: true }).waitFor();
    expect(await list.locator('tbody tr').count()).toBe(2);
    const failed = list.locator('tbody tr').filter({ hasText: 'Falhou' });
    await keys.activate(failed.getByRole('button'));
    await card().getByText('A importação falhou', { exact: true }).waitFor();
    await page.getByTestId('problems').waitFor();
  });

  it('reads the next file of the carrier without a question', async () => {
    await keys.activate(button('Fechar', card()));
    await keys.activate(button('Importar preços'));
    const carrier = dialog().getByLabel('Operadora');
    await keys.reach(carrier);
    await carrier.selectOption({ label: 'Atlântico' });
    await check('dezembro.csv', ASKING_DECK);
    await card().getByText('Verificado: nada mudou ainda', { exact: true }).waitFor();
  });

  it('lists only the first of many rates that change, and says so', async () => {
    await keys.activate(button('Escolher outro arquivo', card()));
    await check('grande.csv', LARGE_DECK);
    await card().getByText('5.001 preços mudam assim, mas só os primeiros aparecem aqui.', { exact: false }).waitFor();
  });

  it('discards a checked import after a confirmation', async () => {
    await keys.activate(button('Descartar', card()));
    await dialog().getByRole('heading', { name: 'Descartar o arquivo verificado?' }).waitFor();
    await keys.activate(button('Descartar', dialog()));
    await card().waitFor({ state: 'detached' });
    await page.getByTestId('imports').getByText('Cancelada', { exact: true }).waitFor();
  });

  it('cancels an import that asks', async () => {
    await keys.activate(button('Importar preços'));
    await check('outra.csv', ASKING_DECK);
    await keys.activate(button('Cancelar a importação', card()));
    await card().waitFor({ state: 'detached' });
  });

  it('makes a tariff, whose prices take effect when the import has ended', async () => {
    await keys.activate(button('Nova tarifa'));
    await keys.reach(dialog().getByLabel('Nome da tarifa'));
    await keys.type('Varejo');
    await keys.activate(button('Criar a tarifa', dialog()));
    await dialog().getByText('Importar preços para Varejo').waitFor();
    await dialog().getByLabel('Operadora').selectOption({ label: 'Atlântico' });
    await check('varejo.csv', ASKING_DECK);
    const start = page.getByTestId('start');
    await keys.reach(start.getByRole('radio').first());
    await keys.press('ArrowRight');
    await keys.activate(button('Importar e ativar', start));
    await card().getByText('A versão 1 está em vigor.').waitFor();
    await page.locator('.choice', { hasText: 'Varejo' }).getByText(/^Versão 1/).waitFor();
  });
});
