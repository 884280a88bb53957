import { CallshopError } from '@callshop/client';
import { expect, it } from 'vitest';
import { CashMovementDocument } from '../src/generated.js';
import { errorText } from '../src/i18n/errorText.js';
import { ptBR } from '../src/i18n/pt-BR.js';
import { shopOf } from './fixtures.js';
import { fakeClient } from './mock.js';
import { find, language, openAt, pseudoLanguage, soon, type } from './page.js';

it('tries again with the same key until it succeeds, and never by itself', { timeout: 240_000 }, async () => {
  const fake = fakeClient('ATTENDANT', shopOf());
  const page = await openAt(fake, await pseudoLanguage(), '#/register');
  const form = (await find('fieldset.segments')).closest('form');
  const keys = () =>
    fake.requests
      .filter(({ document }) => document === CashMovementDocument)
      .map(({ variables }) => JSON.stringify(variables).replace(/^.*"idempotencyKey":"(\w+)".*$/, '$1'));
  const attempt = async (count: number): Promise<void> => {
    const [amount, reason] = form?.querySelectorAll('.field input') ?? [];
    type(amount ?? null, '10');
    type(reason ?? null, 'change');
    form?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
    await soon(() => {
      expect(keys().length).toBe(count);
    });
  };

  fake.failWith = new CallshopError('NETWORK', 'lost');
  await attempt(1);
  await soon(() => {
    expect(form?.querySelector('[role="alert"]')?.textContent).toContain('⟦');
  });
  await attempt(2);
  fake.failWith = null;
  await attempt(3);
  // the form is empty again: this payment has succeeded, and the next payment gets a new key
  await soon(() => {
    expect(form?.querySelector<HTMLInputElement>('.field input')?.value).toBe('');
  });
  await attempt(4);
  const [first, second, third, fourth] = keys();
  expect(second).toBe(first);
  expect(third).toBe(first);
  expect(fourth).not.toBe(first);
  page.close();
});

it('says in the words of the server which value is wrong, and everything else in its own', async () => {
  const i18n = await language('pt-BR');
  const wrong = { code: 'INVALID_INPUT', message: 'Falta contar: PIX.', field: ['input', 'counts'] } as const;
  expect(errorText(new CallshopError('INVALID_INPUT', 'no', { userErrors: [wrong] }), i18n.t)).toBe('Falta contar: PIX.');
  const taken = { code: 'ALREADY_EXISTS', message: 'Esta cabine já existe.', field: ['number'] } as const;
  expect(errorText(new CallshopError('ALREADY_EXISTS', 'no', { userErrors: [taken] }), i18n.t)).toBe('Esta cabine já existe.');
  expect(errorText(new CallshopError('INVALID_INPUT', 'no'), i18n.t)).toBe(ptBR.error.INVALID_INPUT);
  const closed = { code: 'REGISTER_CLOSED', message: 'The register is closed.', field: [] } as const;
  expect(errorText(new CallshopError('REGISTER_CLOSED', 'no', { userErrors: [closed] }), i18n.t)).toBe(ptBR.error.REGISTER_CLOSED);
});
