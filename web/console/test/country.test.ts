import { describe, expect, it } from 'vitest';
import { countryOfNumber, englishDestination, flagOf, readDestination } from '../src/lib/country.js';

describe('countryOfNumber', () => {
  it.each([
    ['+351912345678', 'PT'],
    ['+12125550123', 'US'],
    ['+14165550123', 'CA'],
    ['+12423751234', 'BS'],
    ['+77011234567', 'KZ'],
    ['+79161234567', 'RU'],
    ['+5511987654321', 'BR'],
    ['190', null],
    ['', null],
    ['+999', null],
  ])('knows %s', (number, country) => {
    expect(countryOfNumber(number)).toBe(country);
  });
});

describe('readDestination', () => {
  it('names the country in the reader’s language', () => {
    expect(readDestination('Portugal Mobile - Vodafone', '+351912345678', 'pt-BR')).toEqual({
      country: 'PT',
      name: 'Portugal',
      mobile: true,
      detail: 'Vodafone',
    });
    expect(readDestination('Germany', '', 'es')).toMatchObject({ country: 'DE', name: 'Alemania', mobile: false, detail: '' });
    expect(readDestination('United Kingdom', '+442079460123', 'pt-BR')).toMatchObject({ country: 'GB', name: 'Reino Unido' });
  });

  it('takes the longest name that fits', () => {
    expect(readDestination('Guinea-Bissau', '', 'en').country).toBe('GW');
    expect(readDestination('Dominican Republic Mobile', '', 'en').country).toBe('DO');
  });

  it('leaves a name that is no country as it is', () => {
    expect(readDestination('Satellite', '', 'pt-BR')).toEqual({ country: null, name: 'Satellite', mobile: false, detail: '' });
    expect(readDestination('Indiana', '', 'pt-BR').name).toBe('Indiana');
  });
});

describe('englishDestination', () => {
  it('turns a country of the reader’s language into the price list’s', () => {
    expect(englishDestination('alemanha', 'pt-BR')).toBe('Germany');
    expect(englishDestination('Japão', 'pt-BR')).toBe('Japan');
    expect(englishDestination('Vodafone', 'pt-BR')).toBe('Vodafone');
    expect(englishDestination('', 'pt-BR')).toBe('');
  });
});

describe('flagOf', () => {
  it('joins the two letters', () => {
    expect(flagOf('BR')).toBe('\u{1F1E7}\u{1F1F7}');
  });
});
