import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, logIn, openPage, pictureFailures, siteOf } from './browser.js';
import { startDemo, type Demo } from './demo.js';
import { Keys } from './keys.js';
import type { Site } from './site.js';
import { newDraft, price } from './tariffday.js';

// Manages a reseller's tariffs using only the keyboard. The page shows other people's changes without a reload.
describe('the tariffs', () => {
  let demo: Demo;
  let site: Site;
  let browser: Browser;
  let page: Page;
  let keys: Keys;

  const dialog = () => page.getByRole('dialog');
  const choice = (name: string) => page.locator('.choice', { hasText: name });
  const button = (name: string, within: Page | Locator = page) => within.getByRole('button', { name, exact: true });

  async function choose(name: string): Promise<void> {
    await keys.activate(choice(name));
    await page.getByRole('heading', { name: `Versões de ${name}` }).waitFor();
  }

  beforeAll(async () => {
    demo = await startDemo({ traffic: false });
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

  it('derives a tariff, whose first version appears by itself', async () => {
    await keys.activate(page.getByRole('link', { name: 'Tarifas', exact: true }));
    await keys.activate(button('Nova tarifa derivada'));
    await keys.reach(dialog().getByLabel('Nome da tarifa'));
    await keys.type('Atacado');
    await keys.reach(dialog().getByLabel('Percentual'));
    await keys.type('12,5');
    await keys.reach(dialog().getByRole('radio', { name: 'Não' }));
    await keys.press('ArrowRight');
    await keys.press('ArrowRight');
    await keys.reach(dialog().getByLabel('Preços em múltiplos de'));
    await keys.type('0,01');
    await keys.reach(dialog().getByRole('switch'));
    await keys.press('Space');
    await keys.activate(button('Derivar', dialog()));
    await dialog().waitFor({ state: 'detached' });
    await choice('Atacado').getByText(/Versão 1 · .* preços · Derivada/).waitFor();
    const rule = page.getByTestId('derivation');
    await rule.getByText('Segue o que você paga (Wholesale).').waitFor();
    for (const text of ['12,5%', /^R\$\s0,01$/, 'valem junto com a origem']) await rule.getByText(text, { exact: true }).waitFor();
    await page.locator('.warnings').getByText('Uma versão de tarifa entrou em vigor.').first().waitFor();
  });

  it('changes the rule', async () => {
    await keys.activate(button('Mudar a regra'));
    const percent = dialog().getByLabel('Percentual');
    await keys.reach(percent);
    expect(await percent.inputValue()).toBe('12,5');
    await keys.press('Control+A');
    await keys.type('20');
    await keys.activate(button('Derivar', dialog()));
    await dialog().waitFor({ state: 'detached' });
    await page.getByTestId('derivation').getByText('20%', { exact: true }).waitFor();
  });

  it('shows the version that somebody else activates', async () => {
    await choose('Counter');
    await button('Versão 1').waitFor();
    const versionId = await newDraft(demo, '0.3');
    await price(demo, 'activateTariffVersion', { versionId }, 'version { id }');
    await choice('Counter').getByText(/^Versão 2/).waitFor();
    await page.locator('.tariff tr', { has: button('Versão 2') }).getByText('Ativa', { exact: true }).waitFor();
  });

  it('reads what a draft changes, and activates it', async () => {
    await newDraft(demo, '0.4');
    // the feed has no event for a draft that a person makes
    await choose('Callshops');
    await choose('Counter');
    await keys.activate(button('Versão 3'));
    const comparison = page.getByTestId('comparison');
    await comparison.getByRole('heading', { name: 'O que a versão 3 muda' }).waitFor();
    await comparison.getByText('Outra mudança', { exact: true }).first().waitFor();
    await comparison.getByText(/abaixo do custo\.$/).first().waitFor();
    await keys.activate(button('Calcular'));
    await comparison.getByText('Mudança da margem', { exact: true }).waitFor();
    await keys.activate(button('Ativar a versão 3'));
    await keys.activate(button('Ativar agora', dialog()));
    await dialog().getByText('A versão 3 está em vigor.').waitFor();
    await keys.activate(button('Concluir', dialog()));
    await dialog().waitFor({ state: 'detached' });
    await page.locator('.tariff tr', { has: button('Versão 3') }).getByText('Ativa', { exact: true }).waitFor();
  });

  it('schedules a draft for a later time, and cancels the schedule', async () => {
    await newDraft(demo, '0.5');
    await choose('Callshops');
    await choose('Counter');
    await keys.activate(button('Versão 4'));
    await keys.activate(button('Ativar a versão 4'));
    await keys.reach(dialog().getByRole('radio', { name: 'Agora' }));
    await keys.press('ArrowRight');
    await keys.activate(button('Agendar', dialog()));
    await dialog().getByText(/^A versão 4 vale a partir de /).waitFor();
    await keys.activate(button('Concluir', dialog()));
    const row = page.locator('.tariff tr', { has: button('Versão 4') });
    await row.getByText('Agendada', { exact: true }).waitFor();
    await keys.activate(button('Cancelar o agendamento'));
    await keys.activate(button('Cancelar o agendamento', dialog()));
    await row.getByText('Rascunho', { exact: true }).waitFor();
  });

  it('compares any two versions', async () => {
    const comparison = page.getByTestId('comparison');
    const other = comparison.getByLabel('Comparar com');
    await keys.reach(other);
    await other.selectOption({ label: 'Versão 2 · Portugal' });
    await comparison.getByRole('heading', { name: 'O que muda da versão 2 para a 4' }).waitFor();
    const row = comparison.locator('.rates-changed tbody tr').filter({ hasText: '+351' });
    await row.getByText(/primeiro passo R\$\s0,30/).waitFor();
    await row.getByText(/primeiro passo R\$\s0,50/).waitFor();
    await keys.activate(button('Versão 3'));
  });

  it('finds a rate with its first step', async () => {
    await keys.reach(page.getByLabel('Prefixo ou destino'));
    await keys.type('351');
    await keys.press('Enter');
    const row = page.locator('.rates tbody tr').filter({ hasText: '+351' }).first();
    await row.getByText(/^R\$\s0,40$/).waitFor();
    await row.getByText(/taxa de conexão .*0,05 · no mínimo .*0,20 · grátis com menos de 3 s/).waitFor();
    expect(await row.textContent()).toContain('60 s, depois a cada 30 s');
  });

  it('stops following the source', async () => {
    await choose('Atacado');
    await keys.activate(button('Deixar de seguir'));
    await keys.activate(button('Deixar de seguir', dialog()));
    await page.getByTestId('derivation').getByText('Os preços desta tarifa não seguem outra tarifa.').waitFor();
    await choice('Atacado').getByText(/preços$/).waitFor();
  });
});
