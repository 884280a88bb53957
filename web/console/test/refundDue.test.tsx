import { afterEach, describe, expect, it } from 'vitest';
import { brl, shopOf, unpaidOf } from './fixtures.js';
import { fakeClient } from './mock.js';
import { find, language, openAt, type Opened } from './page.js';

const LONG = { timeout: 240_000 };
const SHOP = shopOf({ unpaid: [unpaidOf({ amountDue: brl('0'), refundDue: brl('4.92') })] });

let opened: Opened | null = null;

afterEach(() => {
  opened?.close();
  opened = null;
});

/** The text with plain spaces. */
async function textOf(selector: string): Promise<string> {
  return (await find(selector)).textContent.replace(/\s/g, ' ');
}

describe('a bill whose deposit was too high', () => {
  it('shows the board what to give back', LONG, async () => {
    opened = await openAt(fakeClient('ATTENDANT', SHOP), await language('pt-BR'), '#/board');
    expect(await textOf('.unpaid .chip strong')).toBe('Devolver R$ 4,92');
    expect(await textOf('.tile-unpaid')).toBe('A devolverDevolver R$ 4,92');
  });

  it('offers no payment to a person who only watches the shop', LONG, async () => {
    opened = await openAt(fakeClient('RESELLER', SHOP), await language('en'), '#/board/shop');
    expect(await textOf('.tile-unpaid .button')).toBe('R$ 4,92');
    opened.close();
    opened = await openAt(fakeClient('RESELLER', shopOf()), await language('en'), '#/board/shop');
    expect(await textOf('.tile-unpaid .button')).toBe('R$ 7,50');
  });
});
