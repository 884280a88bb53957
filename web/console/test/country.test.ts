import { describe, expect, it } from 'vitest';
import { englishDestination, flagOf, readDestination } from '../src/lib/country.js';

describe('readDestination', () => {
  it('names the country in the reader’s language', () => {
    expect(readDestination('Portugal Mobile - Vodafone', 'PT', 'pt-BR')).toEqual({
      country: 'PT',
      name: 'Portugal',
      mobile: true,
      detail: 'Vodafone',
    });
    expect(readDestination('Germany', null, 'es')).toMatchObject({ country: 'DE', name: 'Alemania', mobile: false, detail: '' });
    expect(readDestination('United Kingdom', 'GB', 'pt-BR')).toMatchObject({ country: 'GB', name: 'Reino Unido' });
  });

  it('believes the server if the price list names another country', () => {
    expect(readDestination('United States Mobile - BaTelCo', 'BS', 'pt-BR')).toEqual({ country: 'BS', name: 'Bahamas', mobile: true, detail: 'BaTelCo' });
  });

  it('takes the longest name that fits', () => {
    expect(readDestination('Guinea-Bissau', null, 'en').country).toBe('GW');
    expect(readDestination('Dominican Republic Mobile', null, 'en').country).toBe('DO');
  });

  it('leaves a name that is no country as it is', () => {
    expect(readDestination('Satellite', null, 'pt-BR')).toEqual({ country: null, name: 'Satellite', mobile: false, detail: '' });
    expect(readDestination('Satellite', 'BR', 'pt-BR').country).toBe('BR');
    expect(readDestination('Indiana', null, 'pt-BR').name).toBe('Indiana');
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
