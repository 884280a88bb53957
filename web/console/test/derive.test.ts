import { describe, expect, it } from 'vitest';
import { formOf, isWrong, OWN_COST, ruleOf, type DeriveForm } from '../src/reseller/derive.js';
import { brl } from './fixtures.js';

const empty = formOf(null, 'pt-BR');
const form = (more: Partial<DeriveForm>): DeriveForm => ({ ...empty, ...more });

describe('the form of a derivation', () => {
  it('leaves out what is empty', () => {
    expect(ruleOf(empty)).toEqual({
      source: { ownCost: true },
      percent: null,
      addition: null,
      minimumMargin: null,
      priceEnding: null,
      priceStep: null,
      automatic: false,
    });
  });

  it('reads decimals as people of the page’s languages write them', () => {
    const typed = form({ source: 'tariff', percent: '-12,5', addition: '0.01', minimumMargin: ' 0,005 ', rounding: 'toEnding', roundTo: '0,09', automatic: true });
    expect(ruleOf(typed)).toEqual({
      source: { tariffId: 'tariff' },
      percent: '-12.5',
      addition: '0.01',
      minimumMargin: '0.005',
      priceEnding: '0.09',
      priceStep: null,
      automatic: true,
    });
    expect(ruleOf({ ...typed, rounding: 'toStep' })).toMatchObject({ priceEnding: null, priceStep: '0.09' });
    expect(ruleOf({ ...typed, rounding: 'exact' })).toMatchObject({ priceEnding: null, priceStep: null });
  });

  it('names the fields that it cannot read', () => {
    const wrong = ruleOf(form({ percent: 'much', addition: '1e3', rounding: 'toStep', roundTo: '' }));
    expect(isWrong(wrong) && [...wrong]).toEqual(['percent', 'addition', 'roundTo']);
  });

  it('shows a derivation so that saving it changes nothing', () => {
    const derivation = {
      source: { id: 'source', name: 'World' },
      ownCost: false,
      percent: '20',
      addition: brl('0'),
      minimumMargin: brl('0.05'),
      priceEnding: null,
      priceStep: '0.01',
      automatic: true,
      problem: null,
      sourceStartsFirstAt: null,
    };
    const shown = formOf(derivation, 'pt-BR');
    expect(shown).toMatchObject({ source: 'source', percent: '20', addition: '', minimumMargin: '0,05', rounding: 'toStep', roundTo: '0,01' });
    expect(ruleOf(shown)).toEqual({
      source: { tariffId: 'source' },
      percent: '20',
      addition: null,
      minimumMargin: '0.05',
      priceEnding: null,
      priceStep: '0.01',
      automatic: true,
    });
    expect(formOf({ ...derivation, ownCost: true, priceEnding: '0.9', priceStep: null }, 'en')).toMatchObject({ source: OWN_COST, rounding: 'toEnding', roundTo: '0.9' });
  });
});
