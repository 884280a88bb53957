import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Attendant, cents } from './attendant.js';
import { launch, logIn, openPage, pictureFailures, siteOf } from './browser.js';
import { answeredCall, phonesOnline, type SimulatedCall } from './calls.js';
import { emptyCabins, isRegisterOpen } from './day.js';
import { ask, startDemo, type Demo } from './demo.js';
import { list } from './json.js';
import { startCluster } from './nodes.js';
import { pixFields, readQr } from './qr.js';
import type { Site } from './site.js';

// A whole day, which a second person watches in another browser. Each step continues from the previous step. In the middle, the connection is lost:
// with one server, the network is cut for thirty seconds; with a cluster, a node dies. The cluster needs CALLSHOP_TEST_POSTGRES, as in tests/run.

const CUT_SECONDS = 30;
const PIX = { key: 'loja@exemplo.com.br', name: 'CALLSHOP CENTRO', city: 'SAO PAULO' };

interface Stage {
  readonly demo: Demo;
  readonly killNode: (() => Promise<void>) | null;
}

async function oneServer(): Promise<Stage> {
  const demo = await startDemo({ traffic: false });
  await emptyCabins(demo);
  return { demo, killNode: null };
}

const postgres = process.env.CALLSHOP_TEST_POSTGRES ?? '';

async function cluster(): Promise<Stage> {
  const demo = await startCluster(postgres);
  return { demo, killNode: demo.killNode };
}

const SANDBOX = ['one server', oneServer, true] as const;
const CLUSTER = ['a balancer on two nodes', cluster, false] as const;
const STAGES = postgres === '' ? [SANDBOX] : [SANDBOX, CLUSTER];

describe.each(STAGES)('a day at %s', (_name, start, isSandbox) => {
  let stage: Stage;
  let demo: Demo;
  let site: Site;
  let browser: Browser;
  let ana: Attendant;
  let owner: Attendant;
  const complaints: string[][] = [];
  const calls = new Map<number, SimulatedCall>();

  async function enter(role: string): Promise<Attendant> {
    const opened = await openPage(browser, site, { width: 1280, theme: 'light', language: 'pt-BR' });
    complaints.push(opened.complaints);
    await logIn(opened.page, demo, role);
    return new Attendant(opened.page);
  }

  async function answer(cabin: number, dialed: string): Promise<void> {
    calls.set(cabin, await answeredCall(demo, cabin, dialed));
  }

  async function hangUp(cabin: number): Promise<void> {
    await calls.get(cabin)?.end();
    calls.delete(cabin);
  }

  /** Waits until both screens show this state of a cabin. */
  async function bothSee(cabin: number, state: string): Promise<void> {
    await Promise.all([ana.tile(cabin, state).waitFor(), owner.tile(cabin, state).waitFor()]);
  }

  async function sameBoards(): Promise<void> {
    await expect.poll(async () => owner.board(), { timeout: 30_000 }).toEqual(await ana.board());
  }

  beforeAll(async () => {
    stage = await start();
    demo = stage.demo;
    await phonesOnline(demo, [1, 2, 3, 4, 5, 6, 7, 8]);
    site = await siteOf(demo);
    browser = await launch();
    ana = await enter('ATTENDANT');
    owner = await enter('CALLSHOP_OWNER');
  });

  afterAll(async () => {
    await browser.close();
    await site.close();
    await demo.stop();
  });

  pictureFailures(() => [ana.page, owner.page]);

  it('begins with the register, and with the shop’s Pix key', async () => {
    if (await isRegisterOpen(demo)) {
      await ana.countDrawer('200');
      await ana.leaveDialog();
      await ana.go('Cabines');
    }
    await ana.openRegister('200,00');
    await owner.page.getByTestId('register-open').waitFor();
    await owner.go('Ajustes');
    await owner.page.getByLabel('Chave Pix').fill(PIX.key);
    await owner.page.getByLabel('Nome do recebedor').fill(PIX.name);
    await owner.page.getByLabel('Cidade do recebedor').fill(PIX.city);
    await owner.page.getByRole('button', { name: 'Salvar Pix' }).click();
    await owner.go('Cabines');
  });

  it('opens five cabins', async () => {
    await ana.openCabin(1, { customer: 'Dona Maria' });
    await ana.openCabin(2, { customer: 'Seu João', spending: '20' });
    await ana.openCabin(3, { deposit: '5' });
    await ana.openCabin(4);
    await ana.openCabin(5, { minutes: '10' });
    for (const cabin of [1, 2, 3, 4, 5]) await owner.tile(cabin, 'open').waitFor();
    await sameBoards();
    expect(await owner.tile(3).locator('.limit-text').innerText()).toMatch(/R\$\s5,00/);
    expect(await owner.tile(5).locator('.limit-text').innerText()).toContain('10:00');
  });

  it('shows the calls, their time and their cost on both screens', async () => {
    await answer(1, '+351912345678');
    await answer(3, '+442079460123');
    await answer(5, '+81312345678');
    for (const cabin of [1, 3, 5]) await bothSee(cabin, 'talking');
    for (const screen of [ana, owner]) {
      const before = await screen.seconds(1);
      await expect.poll(() => screen.seconds(1), { timeout: 15_000 }).toBeGreaterThan(before + 1);
      await expect.poll(async () => cents(await screen.tile(1).locator('.cost').innerText()), { timeout: 15_000 }).toBeGreaterThan(0);
    }
  });

  it('raises a deposit in the middle of a call', async () => {
    const drawer = await ana.drawer(3);
    await drawer.getByLabel(/^Aumentar em/).fill('5,00');
    await drawer.getByRole('button', { name: 'Aumentar depósito' }).click();
    await drawer.getByText(/depositou R\$\s10,00/).waitFor();
    await ana.leaveDialog();
    await expect.poll(async () => cents(await owner.tile(3).locator('.limit-text').innerText())).toBeGreaterThan(500);
  });

  /** Lets a simulated customer make a call. Only the sandbox has simulated customers. */
  async function simulate(cabin: number): Promise<void> {
    const input = { cabinId: demo.cabinIds[cabin - 1], number: '00351912345678', answerAfterSeconds: 1, talkSeconds: 600 };
    const document = 'mutation($input: SimulateCallInput!) { simulateCall(input: $input) { call { id } userErrors { code } } }';
    expect(list(await ask(demo, 'ATTENDANT', document, { input }), 'data', 'simulateCall', 'userErrors')).toEqual([]);
  }

  it.skipIf(!isSandbox)('warns of a call that is about to end, until its deposit is raised', async () => {
    await ana.openCabin(8, { deposit: '0,16' });
    await simulate(8);
    for (const screen of [ana, owner]) await screen.tile(8).locator('.ending').waitFor();
    expect(await ana.tile(8).locator('.ending').innerText()).toMatch(/^O depósito acaba em \d:\d\d$/);
    await owner.page.getByRole('status').getByText('Cabine 8: o depósito está acabando.').first().waitFor();
    const drawer = await ana.drawer(8);
    await drawer.getByLabel(/^Aumentar em/).fill('5,00');
    await drawer.getByRole('button', { name: 'Aumentar depósito' }).click();
    await drawer.getByText(/depositou R\$\s5,16/).waitFor();
    await ana.leaveDialog();
    for (const screen of [ana, owner]) await screen.tile(8).locator('.ending').waitFor({ state: 'detached' });
    await ana.closeCabin(8, 'Desligar e fechar');
    await ana.confirmPayment();
    await ana.dialog.getByRole('button', { name: 'Concluir' }).click();
    await bothSee(8, 'closed');
  });

  it('moves a customer', async () => {
    const drawer = await ana.drawer(2);
    await drawer.getByLabel('Para', { exact: true }).selectOption({ label: 'Cabine 7' });
    await drawer.getByRole('button', { name: 'Mudar' }).click();
    await ana.dialog.getByText('Cabine 7').first().waitFor();
    await ana.leaveDialog();
    await bothSee(2, 'closed');
    await bothSee(7, 'open');
    await owner.tile(7).getByText('Seu João').waitFor();
  });

  it('loses the connection for a while, and knows everything afterward', async () => {
    if (stage.killNode === null) await cutNetwork();
    else {
      await stage.killNode();
      await meanwhile();
    }
    await answer(7, '+390612345678');
    await bothSee(7, 'talking');
    await bothSee(5, 'closed');
    for (const screen of [ana, owner]) await screen.page.locator('.tile-stale').first().waitFor({ state: 'detached', timeout: 60_000 });
    await sameBoards();
  });

  /** Ends a call, and lets the owner close its cabin. */
  async function meanwhile(): Promise<void> {
    await hangUp(5);
    await owner.tile(5, 'open').waitFor();
    await owner.closeCabin(5, 'Fechar cabine');
    await owner.payInCash();
  }

  async function cutNetwork(): Promise<void> {
    const before = await ana.seconds(1);
    await ana.page.context().setOffline(true);
    const begun = Date.now();
    await ana.page.locator('.tile-stale').first().waitFor();
    expect(await ana.page.locator('.tile-stale').count()).toBe(demo.cabinIds.length);
    await meanwhile();
    const notice = () => ana.page.locator('.offline').innerText();
    await expect.poll(notice, { timeout: (CUT_SECONDS + 15) * 1000, interval: 500 }).toMatch(/Não conectado há (3\d|[4-9]\d) s/);
    expect(Date.now() - begun).toBeGreaterThan((CUT_SECONDS - 2) * 1000);
    // the clock continues, and the board still shows the customer who has left
    expect(await ana.seconds(1)).toBeGreaterThan(before + CUT_SECONDS - 5);
    expect(await ana.tile(5).getAttribute('data-state')).toBe('talking');
    await ana.page.context().setOffline(false);
    await ana.page.locator('.offline').waitFor({ state: 'detached', timeout: 60_000 });
  }

  it('closes a cabin in the middle of a call, whose bill comes when the call ends', async () => {
    await ana.closeCabin(1, 'Fechar quando a chamada terminar');
    await ana.dialog.getByText('Esperando o fim da última chamada').waitFor();
    await hangUp(1);
    await ana.dialog.getByRole('button', { name: 'Confirmar pagamento' }).waitFor();
    await owner.page.locator('.unpaid .chip', { hasText: 'Dona Maria' }).waitFor();
    await owner.tile(1, 'closed').waitFor();
  });

  it('splits the payment into cash with change and a Pix code that a telephone can read', async () => {
    const due = cents(await ana.page.getByTestId('amount-due').innerText());
    await ana.dialog.getByLabel(/^Recebido/).fill('50');
    await ana.dialog.getByRole('button', { name: 'Dividir em outra forma' }).click();
    const pix = ana.dialog.locator('.payment').nth(1);
    await pix.getByLabel('Forma', { exact: true }).selectOption({ label: 'Pix' });
    await pix.getByLabel(/^Recebido/).fill('0,10');
    await pix.getByLabel('Comprovante').fill('E2E0001');
    const shown = ana.dialog.locator('.pix-text', { hasText: '54040.10' });
    await shown.waitFor();
    const code = await readQr(browser, await ana.dialog.locator('.pix svg').screenshot());
    expect(code).toBe(await shown.innerText());
    const fields = pixFields(code ?? '');
    expect([fields.get('53'), fields.get('54'), fields.get('59'), fields.get('60')]).toEqual(['986', '0.10', PIX.name, PIX.city]);
    expect(fields.get('26')).toContain(PIX.key);
    expect(cents(await ana.page.getByTestId('change').innerText())).toBe(5000 - due + 10);
    await ana.confirmPayment();
    expect(cents(await ana.page.getByTestId('change-given').innerText())).toBe(5000 - due + 10);
    await ana.dialog.getByText('E2E0001').first().waitFor();
    await owner.page.locator('.unpaid').waitFor({ state: 'detached' });
  });

  it('prints the receipt', async () => {
    const paper = await ana.print();
    expect(paper).toContain('TOTAL');
    expect(paper).toContain('E2E0001');
    await ana.dialog.getByRole('button', { name: 'Concluir' }).click();
    await ana.dialog.waitFor({ state: 'detached' });
  });

  it.skipIf(!isSandbox)('hangs up a simulated call and closes the cabin', async () => {
    await ana.openCabin(6, { customer: 'Ana Paula' });
    await simulate(6);
    await bothSee(6, 'talking');
    await ana.closeCabin(6, 'Desligar e fechar');
    await ana.payInCash();
    await bothSee(6, 'closed');
  });

  it('prints a bill before it is paid, with the Pix code', async () => {
    await hangUp(7);
    await bothSee(7, 'open');
    await ana.closeCabin(7, 'Fechar cabine');
    await ana.dialog.getByRole('button', { name: 'Imprimir a conta' }).click();
    const paper = ana.page.frameLocator('.receipt-paper');
    await paper.getByText('Pix', { exact: false }).first().waitFor();
    await paper.locator('svg').waitFor();
    expect(await ana.print()).toContain('Pix');
    await ana.payInCash();
  });

  it('gives back what is left of a deposit, and cancels what was opened by mistake', async () => {
    await hangUp(3);
    await bothSee(3, 'open');
    await ana.closeCabin(3, 'Fechar cabine');
    await ana.dialog.getByText('A devolver').first().waitFor();
    await ana.confirmPayment();
    await ana.dialog.getByRole('button', { name: 'Concluir' }).click();
    await ana.tile(4).locator('.button-close').click();
    await ana.dialog.getByRole('button', { name: 'Aberta por engano: cancelar sem cobrar' }).click();
    await bothSee(4, 'closed');
    await sameBoards();
  });

  it('finds a bill by its number and by the customer’s name', async () => {
    await ana.go('Recibos');
    const found = ana.page.locator('tbody tr');
    await ana.page.getByRole('searchbox').fill('joao seu');
    await ana.page.keyboard.press('Enter');
    await expect.poll(() => found.allInnerTexts()).toEqual([expect.stringContaining('Seu João')]);
    const number = await found.first().locator('td').first().innerText();
    await ana.page.getByRole('searchbox').fill(number);
    await ana.page.keyboard.press('Enter');
    await expect.poll(() => found.allInnerTexts()).toEqual([expect.stringContaining('Seu João')]);
  });

  it('ends with a blind count and the Z report', async () => {
    await ana.countDrawer('200', '0,10');
    await ana.dialog.getByTestId('variance-CASH').waitFor();
    expect(await ana.dialog.getByTestId('variance-PIX').innerText()).toBe('Confere');
    await ana.leaveDialog();
    await owner.page.getByText('O caixa está fechado. Abra o caixa para atender.').waitFor();
    expect(complaints.flat().filter((text) => !isExpected(text))).toEqual([]);
  });
});

/** Whether the browser logged this message because the connection was lost. */
function isExpected(complaint: string): boolean {
  return /ERR_INTERNET_DISCONNECTED|WebSocket connection .* failed|status of 50\d/.test(complaint);
}
