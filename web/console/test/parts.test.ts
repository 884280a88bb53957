import jsQR from 'jsqr';
import { describe, expect, it } from 'vitest';
import { qrPath } from '../src/lib/qr.js';
import { inputOf, paidOf } from '../src/bill/rows.js';
import { readSettings } from '../src/app/settings.js';
import { href, parseRoute } from '../src/app/router.js';
import { screensOf } from '../src/app/roles.js';
import { brCode, crc16 } from '../src/lib/pix.js';
import { isNumber } from '../src/prices/Prices.js';
import { countsOf } from '../src/register/counts.js';

describe('payments', () => {
  const rows = [
    { id: 0, method: 'CARD', typed: '4,50' },
    { id: 1, method: 'CASH', typed: ' ' },
  ] as const;

  it('leave out empty rows', () => {
    expect(paidOf(rows)).toEqual([{ method: 'CARD', micros: 4_500_000n }]);
  });

  it('are null if one of them is not an amount', () => {
    expect(paidOf([{ id: 0, method: 'CASH', typed: 'x' }])).toBeNull();
    expect(paidOf([{ id: 0, method: 'CASH', typed: '-1' }])).toBeNull();
  });

  it('keep a cash payment of zero, which allows rounding', () => {
    expect(inputOf([{ id: 0, method: 'CASH', typed: '0' }], 10_000n)).toEqual([{ method: 'CASH', amount: '0' }]);
    expect(inputOf([{ id: 0, method: 'CARD', typed: '0' }], 10_000n)).toEqual([]);
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
    const defaults = { language: 'pt-BR', theme: 'system', sound: true, shortcuts: true, pixKey: '' };
    expect(readSettings(null)).toEqual(defaults);
    expect(readSettings('{')).toEqual(defaults);
    expect(readSettings('null')).toEqual(defaults);
    expect(readSettings('{"language":"xx","theme":"blue","pixKey":7}')).toEqual(defaults);
  });

  it('are read back', () => {
    const chosen = { language: 'es', theme: 'dark', sound: false, shortcuts: false, pixKey: 'a@b.c' };
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

  it('lead home first', () => {
    expect(screensOf('ATTENDANT')[0]).toBe('board');
    expect(screensOf('RESELLER')[0]).toBe('wall');
    expect(screensOf('ATTENDANT')).not.toContain('report');
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

describe('Pix', () => {
  const charge = { key: 'loja@exemplo.com.br', name: 'Callshop Sé & Cia', city: 'São Paulo', micros: 5_460_000n, reference: 'ses-123' };

  it('has the check sum of the standard', () => {
    expect(crc16('123456789')).toBe('29B1');
  });

  it('writes the amount, plain names and a checked sum', () => {
    const code = brCode(charge);
    expect(code).toContain('0014br.gov.bcb.pix0119loja@exemplo.com.br');
    expect(code).toContain('54045.46');
    expect(code).toContain('5915Callshop Se Cia');
    expect(code).toContain('6009Sao Paulo');
    expect(code.slice(-4)).toBe(crc16(code.slice(0, -4)));
  });

  it('can be scanned', () => {
    const text = brCode(charge);
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
