import jsQR from 'jsqr';
import { describe, expect, it } from 'vitest';
import { qrPath } from '../src/lib/qr.js';
import { inputOf, paidOf } from '../src/bill/rows.js';
import { referenceOf } from '../src/lib/settle.js';
import { readSettings } from '../src/app/settings.js';
import { href, parseRoute } from '../src/app/router.js';
import { screensOf } from '../src/app/permissions.js';
import { isNumber } from '../src/prices/Prices.js';
import { sessionFilter } from '../src/receipts/Receipts.js';
import { countsOf } from '../src/register/counts.js';
import { PERMISSIONS } from './mock.js';

describe('payments', () => {
  const rows = [
    { id: 0, method: 'CARD', typed: '4,50', reference: ' 123 ' },
    { id: 1, method: 'CASH', typed: ' ', reference: '' },
  ] as const;

  it('leave out empty rows', () => {
    expect(paidOf(rows)).toEqual([{ method: 'CARD', micros: 4_500_000n }]);
  });

  it('are null if one of them is not an amount', () => {
    expect(paidOf([{ id: 0, method: 'CASH', typed: 'x', reference: '' }])).toBeNull();
    expect(paidOf([{ id: 0, method: 'CASH', typed: '-1', reference: '' }])).toBeNull();
  });

  it('keep a cash payment of zero, which allows rounding', () => {
    expect(inputOf([{ id: 0, method: 'CASH', typed: '0', reference: '' }], 10_000n)).toEqual([{ method: 'CASH', amount: '0' }]);
    expect(inputOf([{ id: 0, method: 'CARD', typed: '0', reference: '' }], 10_000n)).toEqual([]);
  });

  it('carry their reference, if they are not cash', () => {
    expect(inputOf(rows, 4_500_000n)).toEqual([{ method: 'CARD', amount: '4.5', reference: '123' }]);
    const cash = { id: 0, method: 'CASH', typed: '5', reference: '123' } as const;
    expect(inputOf([cash], 4_500_000n)).toEqual([{ method: 'CASH', amount: '5' }]);
  });

  it('have no reference that is empty, nor one in cash', () => {
    expect(referenceOf('PIX', ' E2E1 ')).toEqual({ reference: 'E2E1' });
    expect(referenceOf('PIX', '  ')).toEqual({});
    expect(referenceOf('CASH', 'E2E1')).toEqual({});
  });

  it('are none if nothing is due', () => {
    expect(inputOf(rows, 0n)).toEqual([]);
  });
});

describe('counts', () => {
  const none = { CASH: '', PIX: '', CARD: '', OTHER: '' };

  it('need the cash, be it zero', () => {
    expect(countsOf(none)).toBeNull();
    expect(countsOf({ ...none, CASH: '0' })).toEqual([{ method: 'CASH', amount: '0' }]);
    expect(countsOf({ ...none, CASH: '-1' })).toBeNull();
  });

  it('allow a card terminal that paid out more than it took', () => {
    expect(countsOf({ ...none, CASH: '100,5', CARD: '-3' })).toEqual([
      { method: 'CASH', amount: '100.5' },
      { method: 'CARD', amount: '-3' },
    ]);
  });
});

describe('settings', () => {
  it('get defaults for whatever is missing, unknown or broken', () => {
    const defaults = { language: 'pt-BR', theme: 'system', sound: true, shortcuts: true };
    expect(readSettings(null)).toEqual(defaults);
    expect(readSettings('{')).toEqual(defaults);
    expect(readSettings('null')).toEqual(defaults);
    expect(readSettings('{"language":"xx","theme":"blue"}')).toEqual(defaults);
  });

  it('are read back', () => {
    const chosen = { language: 'es', theme: 'dark', sound: false, shortcuts: false };
    expect(readSettings(JSON.stringify(chosen))).toEqual(chosen);
  });
});

describe('routes', () => {
  it('name a screen and, for a reseller, a shop', () => {
    expect(parseRoute('#/register')).toEqual({ screen: 'register', shopId: null });
    expect(parseRoute(href('board', 'Q2Fs/x='))).toEqual({ screen: 'board', shopId: 'Q2Fs/x=' });
    expect(parseRoute('')).toEqual({ screen: null, shopId: null });
    expect(parseRoute('#/nowhere')).toEqual({ screen: null, shopId: null });
  });

  it('lead home first, and only to what the user may use', () => {
    const shop = { id: 'shop', name: 'Shop', currency: 'BRL', timeZone: 'UTC', locale: 'en', country: 'BR' };
    const screens = (role: keyof typeof PERMISSIONS, callshop: typeof shop | null) => screensOf({ permissions: PERMISSIONS[role], callshop });
    expect(screens('ATTENDANT', shop)).toEqual(['board', 'prices', 'receipts', 'register', 'settings']);
    expect(screens('CALLSHOP_OWNER', shop)).toEqual(['board', 'prices', 'receipts', 'register', 'problems', 'report', 'equipment', 'statements', 'users', 'webhooks', 'settings']);
    expect(screens('RESELLER', null)).toEqual(['wall', 'tariffs', 'problems', 'report', 'statements', 'users', 'webhooks', 'settings']);
  });
});

describe('price search', () => {
  it('tells numbers from names', () => {
    expect(isNumber('0035 1912-345')).toBe(true);
    expect(isNumber('190')).toBe(true);
    expect(isNumber('Portugal')).toBe(false);
    expect(isNumber('12')).toBe(false);
  });
});

describe('a search among bills', () => {
  it('takes digits as a receipt’s number and anything else as a name', () => {
    expect(sessionFilter('paid', '')).toEqual({ states: ['SETTLED'] });
    expect(sessionFilter('paid', '12')).toEqual({ states: ['SETTLED'], receiptNumber: '12' });
    expect(sessionFilter('unpaid', 'maria 2')).toEqual({ states: ['CLOSING', 'CLOSED'], customer: 'maria 2' });
  });
});

describe('a QR code', () => {
  it('can be scanned', () => {
    const text = 'https://callshop.example/screen.html#token';
    const { path, size } = qrPath(text);
    const scale = 4;
    const pixels = new Uint8ClampedArray((size * scale) ** 2 * 4).fill(255);
    for (const [, x = '', y = ''] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
      for (let offset = 0; offset < scale * scale; offset += 1) {
        const row = Number(y) * scale + Math.floor(offset / scale);
        const column = Number(x) * scale + (offset % scale);
        pixels.fill(0, (row * size * scale + column) * 4, (row * size * scale + column) * 4 + 3);
      }
    }
    expect(jsQR(pixels, size * scale, size * scale)?.data).toBe(text);
  });
});
