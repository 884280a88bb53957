import { describe, expect, it } from 'vitest';
import { formatMoney, moneyOf, parseMoney } from '../src/index.js';

const money = (amount: string, currency: string): { amount: string; currency: string } => ({ amount, currency });

describe('parseMoney', () => {
  it.each([
    ['0', 0n],
    ['12.34', 12_340_000n],
    ['0.000001', 1n],
    ['-0.5', -500_000n],
    ['-3', -3_000_000n],
    ['10.2632', 10_263_200n],
    // a float has no room for these digits
    ['9007199254740993.000001', 9_007_199_254_740_993_000_001n],
  ])('reads %s exactly', (amount, micros) => {
    expect(parseMoney(money(amount, 'BRL'))).toBe(micros);
    expect(parseMoney(moneyOf(micros, 'BRL'))).toBe(micros);
  });

  it.each(['', '1.', '.5', '1e3', '1,50', ' 1', '1.0000001', '--1', 'NaN', 'Infinity'])('refuses "%s"', (amount) => {
    expect(() => parseMoney(money(amount, 'BRL'))).toThrow(RangeError);
    expect(() => formatMoney(money(amount, 'BRL'), 'en')).toThrow(RangeError);
  });

  it('writes amounts as the server does', () => {
    expect(moneyOf(12_340_000n, 'BRL')).toEqual(money('12.34', 'BRL'));
    expect(moneyOf(-1n, 'BRL')).toEqual(money('-0.000001', 'BRL'));
    expect(moneyOf(0n, 'BRL')).toEqual(money('0', 'BRL'));
  });
});

describe('formatMoney', () => {
  // the space that keeps a symbol and its amount on one line
  const nbsp = '\u00a0';

  it.each([
    ['12.5', 'BRL', 'pt-BR', `R$${nbsp}12,50`],
    ['1234567.891', 'BRL', 'pt-BR', `R$${nbsp}1.234.567,891`],
    ['-3.5', 'BRL', 'pt-BR', `-R$${nbsp}3,50`],
    ['0.8371', 'BRL', 'pt-BR', `R$${nbsp}0,8371`],
    // trailing zeros are kept, so that the number of decimals stays constant while an amount grows
    ['0.1700', 'BRL', 'pt-BR', `R$${nbsp}0,1700`],
    ['0.5', 'BRL', 'pt-BR', `R$${nbsp}0,50`],
    ['12.5', 'USD', 'pt-BR', `US$${nbsp}12,50`],
    ['12.5', 'USD', 'en', '$12.50'],
    ['12.5', 'BRL', 'en', 'R$12.50'],
    ['1234', 'JPY', 'en', '¥1,234'],
    ['1234.5', 'JPY', 'en', '¥1,234.5'],
    ['12.5', 'USD', 'es', `12,50${nbsp}US$`],
    ['12.5', 'BRL', 'es', `12,50${nbsp}BRL`],
    ['1234', 'CLP', 'es', `1234${nbsp}CLP`],
    ['12345', 'CLP', 'es', `12.345${nbsp}CLP`],
    ['12345', 'CLP', 'pt-BR', `CLP${nbsp}12.345`],
    ['1234', 'JPY', 'pt-BR', `JP¥${nbsp}1.234`],
    ['9007199254740993.01', 'BRL', 'pt-BR', `R$${nbsp}9.007.199.254.740.993,01`],
  ])('writes %s %s in %s as %s', (amount, currency, locale, text) => {
    expect(formatMoney(money(amount, currency), locale)).toBe(text);
  });
});
