import type { DocumentNode } from 'graphql';
import { afterEach, expect, it } from 'vitest';
import { AddDepositDocument, OpenCabinDocument, RefundDocument } from '../src/generated.js';
import { later } from '../src/i18n/pt-BR/later.js';
import { shopOf } from './fixtures.js';
import { fakeClient, type Fake } from './mock.js';
import { choose, find, idle, labeled, language, LANGUAGES, openAt, soon, submit, type, type Opened } from './page.js';

const LONG = { timeout: 240_000 };

let opened: Opened | null = null;

afterEach(() => {
  opened?.close();
  opened = null;
});

function sent(fake: Fake, document: DocumentNode): unknown {
  return fake.requests.find((request) => request.document === document)?.variables.input;
}

function radio(inside: ParentNode, label: string): HTMLInputElement | null {
  const found = Array.from(inside.querySelectorAll<HTMLElement>('.segment')).find((segment) => segment.textContent === label);
  return found?.querySelector('input') ?? null;
}

async function open(fake: Fake, name: string, hash: string, press: string): Promise<HTMLElement> {
  opened = await openAt(fake, await language(name), hash);
  (await find(press)).click();
  const dialog = await find('[role="dialog"]');
  await idle();
  return dialog;
}

it.each(Object.entries(LANGUAGES))('a deposit by Pix carries its number, in %s', LONG, async (name, { deposit, pay }) => {
  const fake = fakeClient('ATTENDANT', shopOf(), { 'CabinSession.mode': 'PREPAID', 'CabinSession.state': 'OPEN' });
  await open(fake, name, '#/board', '#cabin-2');
  const form = (await find('section[aria-labelledby="deposit"] form')).closest('form');
  if (form === null) throw new Error('There is no form.');
  type(labeled(form, deposit.amount), '5');
  expect(labeled(form, pay.reference)).toBeNull();
  choose(labeled(form, pay.method), 'PIX');
  await soon(() => {
    type(labeled(form, pay.reference), ' E2E0001 ');
  });
  submit(form);
  await soon(() => {
    expect(sent(fake, AddDepositDocument)).toMatchObject({ amount: '5', method: 'PIX', reference: 'E2E0001' });
  });
});

it('a refund by card carries its number', LONG, async () => {
  const fake = fakeClient('CALLSHOP_OWNER', shopOf(), { 'CabinSession.state': 'SETTLED' });
  await open(fake, 'pt-BR', '#/receipts', '.table .button');
  const form = (await find('details form')).closest('form');
  if (form === null) throw new Error('There is no form.');
  type(labeled(form, later.refund.amount), '1,50');
  type(labeled(form, later.refund.reason), 'engano');
  expect(labeled(form, later.pay.reference)).toBeNull();
  choose(labeled(form, later.pay.method), 'CARD');
  await soon(() => {
    type(labeled(form, later.pay.reference), '998877');
  });
  submit(form);
  await soon(() => {
    expect(sent(fake, RefundDocument)).toMatchObject({ amount: '1.5', method: 'CARD', reason: 'engano', reference: '998877' });
  });
});

it('a deposit at the opening of a cabin carries its number', LONG, async () => {
  const fake = fakeClient('ATTENDANT', shopOf());
  const dialog = await open(fake, 'pt-BR', '#/board', '.button-open');
  radio(dialog, later.mode.PREPAID)?.click();
  await soon(() => {
    type(labeled(dialog, later.openCabin.deposit), '10');
  });
  radio(dialog, later.method.CARD)?.click();
  await soon(() => {
    type(labeled(dialog, later.pay.reference), '123');
  });
  submit(dialog.querySelector('form'));
  await soon(() => {
    expect(sent(fake, OpenCabinDocument)).toMatchObject({ mode: 'PREPAID', deposit: { amount: '10', method: 'CARD', reference: '123' } });
  });
});
