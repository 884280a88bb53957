import { describe, expect, it } from 'vitest';
import { cash, decimalOf, exact, minorUnit, parseAmount, roundCash, roundTo, typedAmount } from '../src/lib/money.js';

/** Replaces the special spaces that `Intl` writes with plain spaces. */
const spaces = (text: string) => text.replace(/\s/g, ' ');

describe('parseAmount', () => {
  it.each([
    ['12,50', 12_500_000n],
    ['12.50', 12_500_000n],
    ['1.234,56', 1_234_560_000n],
    ['1,234.56', 1_234_560_000n],
    ['1.234.567', 1_234_567_000_000n],
    ['1 234,5', 1_234_500_000n],
    ['0,000001', 1n],
    ['5', 5_000_000n],
    ['5,', 5_000_000n],
    ['-3,20', -3_200_000n],
  ])('reads %s', (typed, micros) => {
    expect(parseAmount(typed)).toBe(micros);
  });

  it.each(['', ' ', 'abc', '1,2,3a', ',50', '1,0000001', '1e3', '--1', 'R$ 5'])('refuses "%s"', (typed) => {
    expect(parseAmount(typed)).toBeNull();
  });
});

describe('amounts', () => {
  it('of notes have no decimals', () => {
    const written = (amount: string, locale: string, currency = 'BRL') => spaces(roundCash({ amount, currency }, locale));
    expect([written('10', 'pt-BR'), written('1000', 'pt-BR'), written('5.4', 'pt-BR')]).toEqual(['R$ 10', 'R$ 1.000', 'R$ 5,40']);
    expect([written('20', 'en'), written('20', 'es'), written('1000', 'en', 'JPY')]).toEqual(['R$20', '20 BRL', '¥1,000']);
  });

  it('are written for the API without floats', () => {
    expect(decimalOf(1n)).toBe('0.000001');
    expect(decimalOf(-12_500_000n)).toBe('-12.5');
    expect(decimalOf(0n)).toBe('0');
    expect(decimalOf(123_456_789_012_345_678_901_234n)).toBe('123456789012345678.901234');
  });

  it('are rounded half away from zero', () => {
    expect(roundTo(15_000n, 10_000n)).toBe(20_000n);
    expect(roundTo(14_999n, 10_000n)).toBe(10_000n);
    expect(roundTo(-15_000n, 10_000n)).toBe(-20_000n);
  });

  it('know the minor unit of their currency', () => {
    expect(minorUnit('BRL')).toBe(10_000n);
    expect(minorUnit('JPY')).toBe(1_000_000n);
    expect(minorUnit('KWD')).toBe(1_000n);
  });

  it('are shown in the minor unit at the counter, and exactly in prices', () => {
    const price = { amount: '0.0679', currency: 'BRL' };
    expect(spaces(cash(price, 'pt-BR'))).toBe('R$ 0,07');
    expect(spaces(exact(price, 'pt-BR'))).toBe('R$ 0,0679');
    expect(spaces(cash({ amount: '1234.5', currency: 'BRL' }, 'en'))).toBe('R$1,234.50');
  });

  it('are typed with the decimal mark of the language', () => {
    expect(typedAmount(5_460_000n, 'pt-BR', 'BRL')).toBe('5,46');
    expect(typedAmount(5_000_000n, 'en', 'BRL')).toBe('5.00');
    expect(typedAmount(5_000_000n, 'pt-BR', 'JPY')).toBe('5');
  });

  it('that were typed are read back', () => {
    for (const micros of [0n, 10_000n, 1_234_560_000n]) {
      expect(parseAmount(typedAmount(micros, 'pt-BR', 'BRL'))).toBe(micros);
    }
  });
});
