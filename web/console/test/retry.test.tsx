import { CallshopError } from '@callshop/client';
import { expect, it, vi } from 'vitest';
import { CashMovementDocument } from '../src/generated.js';
import { shopOf } from './fixtures.js';
import { fakeClient } from './mock.js';
import { find, openAt, pseudoLanguage } from './page.js';

/** Types as a person does: React listens to the event, not to the property. */
function type(field: Element | null, text: string): void {
  if (!(field instanceof HTMLInputElement)) throw new Error('There is no such field.');
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(field, text);
  field.dispatchEvent(new Event('input', { bubbles: true }));
}

/** Waits also on a busy machine. */
const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000 });

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
  // the form is empty again: this payment is done, and the next one is another
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
