import type { Locator, Page } from 'playwright-core';

export interface Opening {
  readonly customer?: string;
  readonly spending?: string;
  readonly deposit?: string;
  readonly minutes?: string;
}

/** The console in Portuguese, used with the mouse. */
export class Attendant {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  tile(number: number, state?: string): Locator {
    return this.page.locator(`.tile[data-cabin="${number}"]${state === undefined ? '' : `[data-state="${state}"]`}`);
  }

  get dialog(): Locator {
    return this.page.locator('[role="dialog"]');
  }

  async go(screen: string): Promise<void> {
    await this.page.getByRole('link', { name: screen, exact: true }).first().click();
    await this.page.locator('.spinner').first().waitFor({ state: 'detached' });
  }

  async leaveDialog(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.dialog.waitFor({ state: 'detached' });
  }

  async openRegister(float: string): Promise<void> {
    await this.page.getByRole('button', { name: 'ABRIR CAIXA' }).click();
    await this.dialog.locator('input').fill(float);
    await this.dialog.getByRole('button', { name: 'Abrir caixa' }).click();
    await this.page.getByTestId('register-open').waitFor();
  }

  async openCabin(number: number, { customer, spending, deposit, minutes }: Opening = {}): Promise<void> {
    await this.tile(number).locator('.button-open').click();
    if (customer !== undefined) await this.dialog.getByLabel('Cliente').fill(customer);
    if (spending !== undefined) await this.dialog.getByLabel(/^Limite de gasto/).fill(spending);
    if (minutes !== undefined) await this.dialog.getByLabel('Limite de tempo').fill(minutes);
    if (deposit !== undefined) {
      await this.dialog.getByRole('radio', { name: 'Paga antes' }).check();
      await this.dialog.getByLabel(/^Depósito/).fill(deposit);
    }
    await this.dialog.getByRole('button', { name: 'Abrir cabine' }).click();
    await this.tile(number, 'open').waitFor();
    await this.dialog.waitFor({ state: 'detached' });
  }

  /** Presses the red button of a cabin, and then the button with this name in the dialog. Waits for the bill. */
  async closeCabin(number: number, how: string): Promise<void> {
    await this.tile(number).locator('.button-close').click();
    await this.dialog.getByRole('button', { name: how }).click();
    await this.dialog.getByText(`Conta da cabine ${number}`).waitFor();
  }

  async drawer(number: number): Promise<Locator> {
    await this.tile(number).locator('.tile-cover').click();
    await this.dialog.getByRole('heading', { name: 'Limites' }).waitFor();
    return this.dialog;
  }

  /** Pays exactly the amount due in cash, and closes the dialog. */
  async payInCash(): Promise<void> {
    await this.dialog.getByRole('button', { name: 'Confirmar pagamento' }).waitFor();
    const notes = this.dialog.locator('.notes button');
    if ((await notes.count()) > 0) await notes.first().click();
    await this.confirmPayment();
    await this.dialog.getByRole('button', { name: 'Concluir' }).click();
    await this.dialog.waitFor({ state: 'detached' });
  }

  async confirmPayment(): Promise<void> {
    await this.dialog.getByRole('button', { name: 'Confirmar pagamento' }).click();
    await this.page.frameLocator('.receipt-paper').getByText('TOTAL', { exact: true }).waitFor();
  }

  /** Presses the print button beside the receipt that the screen shows. Returns the text that is sent to the printer. */
  async print(): Promise<string> {
    const printed = this.page.evaluate(
      () =>
        new Promise<string>((resolve, reject) => {
          const view = document.querySelector<HTMLIFrameElement>('iframe.receipt-paper')?.contentWindow ?? null;
          if (view === null) {
            reject(new Error('There is no paper.'));
            return;
          }
          view.print = () => {
            resolve(view.document.body.innerText);
          };
        }),
    );
    await this.dialog.getByRole('button', { name: 'Imprimir', exact: true }).click();
    return printed;
  }

  /** Counts the drawer: the cash and, if `pix` is given, the Pix payments. */
  async countDrawer(cash: string, pix = ''): Promise<void> {
    await this.go('Caixa');
    await this.page.getByText('Os valores aparecem depois da contagem.').waitFor();
    const counts = this.page.locator('.counts');
    await counts.getByLabel(/^Dinheiro/).fill(cash);
    if (pix !== '') {
      // if the attendant forgets to count Pix, an error names Pix but not the expected amount
      await this.page.getByRole('button', { name: 'Fechar caixa e ver o Z' }).click();
      await this.page.getByRole('alert').getByText('PIX').waitFor();
      await counts.getByLabel(/^Pix/).fill(pix);
    }
    await this.page.getByRole('button', { name: 'Fechar caixa e ver o Z' }).click();
    await this.dialog.getByText('Esperado').waitFor();
  }

  /** Seconds that a tile's clock shows. */
  async seconds(number: number): Promise<number> {
    const [minutes = '0', rest = '0'] = (await this.tile(number).locator('.elapsed').innerText()).split(':');
    return Number(minutes) * 60 + Number(rest);
  }

  /** The text that must be the same on every screen of the shop: each cabin's number, its state, and its customer or the called number. */
  async board(): Promise<readonly string[]> {
    return this.page
      .locator('.tile')
      .evaluateAll((tiles) =>
        tiles.map((tile) =>
          [tile.getAttribute('data-cabin'), tile.getAttribute('data-state'), tile.querySelector('.called, .tile-place-name')?.textContent].join(' '),
        ),
      );
  }
}

/** Cents of a shown amount, read from its digits. */
export function cents(text: string): number {
  return Number(text.replace(/\D/g, ''));
}
