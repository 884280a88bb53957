import type { TFunction } from 'i18next';
import { describe, expect, it } from 'vitest';
import type { RatesQuery, VersionRowFragment } from '../src/reseller/generated.js';
import { decimal } from '../src/lib/format.js';
import { exact } from '../src/lib/money.js';
import { differing } from '../src/reseller/ChangedRates.js';
import { detailsOf } from '../src/reseller/Rates.js';
import { noteOf } from '../src/reseller/note.js';
import { nextOf } from '../src/reseller/TariffVersions.js';
import { brl } from './fixtures.js';
import { language } from './page.js';

function version(number: number, state: VersionRowFragment['state'], activeFrom: string | null): VersionRowFragment {
  return { id: `v${number}`, number, state, activeFrom, rateCount: 1, isDerived: false, note: '' };
}

describe('the next version', () => {
  const retired = version(1, 'RETIRED', '2026-01-01T00:00:00Z');
  const active = version(2, 'ACTIVE', '2026-06-01T00:00:00Z');
  const later = version(3, 'SCHEDULED', '2027-02-01T00:00:00Z');
  const sooner = version(4, 'SCHEDULED', '2027-01-01T00:00:00Z');
  const draft = version(5, 'DRAFT', null);
  const all = [draft, sooner, later, active, retired];

  it('is the scheduled version that takes effect first after this one', () => {
    expect(all.map((each) => nextOf(each, all)?.number ?? null)).toEqual([4, 3, null, 4, null]);
    expect(nextOf(active, [draft, active, retired])).toBeNull();
  });
});

describe('the details of a rate', () => {
  const plain: RatesQuery['rates']['nodes'][number] = {
    prefix: '351',
    countryCode: 'PT',
    destination: 'Portugal',
    initialIncrement: 60,
    increment: 30,
    freeSeconds: 0,
    pricePerMinute: brl('0.5'),
    initialPrice: null,
    connectionFee: brl('0'),
    minimumCharge: brl('0'),
    bandPrices: [],
  };
  const text = (t: TFunction, rate: typeof plain): string =>
    detailsOf(rate, { exact: (money) => exact(money, 'en'), count: String }, t);

  it('are only what the rate has', async () => {
    const { t } = await language('en');
    expect(text(t, plain)).toBe('');
    const night = { band: 'night', pricePerMinute: brl('0.1'), initialPrice: brl('0.2'), connectionFee: null };
    const full = { ...plain, freeSeconds: 3, connectionFee: brl('0.05'), minimumCharge: brl('0.2'), bandPrices: [night, { ...night, band: 'Sunday', initialPrice: null }] };
    expect(text(t, full)).toBe(
      'connection fee R$0.05 · night: first R$0.20, then R$0.10 · Sunday: R$0.10 · at least R$0.20 · free below 3 s',
    );
  });
});

describe('the values that differ between two versions of a rate', () => {
  const rate = {
    countryCode: 'PT',
    initialIncrement: 60,
    increment: 60,
    freeSeconds: 0,
    pricePerMinute: brl('0.5'),
    initialPrice: null,
    connectionFee: brl('0'),
    minimumCharge: brl('0'),
  };
  const format = { exact: (money: typeof rate.pricePerMinute) => exact(money, 'en'), count: String };

  it('are named beside the price, which is always shown', async () => {
    const { t } = await language('en');
    const more = (after: Partial<Omit<typeof rate, 'initialPrice'>> & { readonly initialPrice?: typeof rate.pricePerMinute }) =>
      differing({ ...rate, ...after }, rate, format, t);
    expect(more({})).toBe('');
    expect(more({ pricePerMinute: brl('0.6') })).toBe('');
    expect(more({ initialPrice: brl('0.7') })).toBe('first step R$0.70');
    expect(more({ increment: 1, connectionFee: brl('0.05'), minimumCharge: brl('0.2'), freeSeconds: 3 })).toBe(
      '60 s, then every 1 s · connection fee R$0.05 · at least R$0.20 · free below 3 s',
    );
    // a rate without a fee beside one with a fee
    expect(differing(rate, { ...rate, connectionFee: brl('0.05') }, format, t)).toBe('');
    expect(differing(rate, null, format, t)).toBe('');
  });
});

describe('a decimal', () => {
  it('is shown with all its digits', () => {
    expect([decimal('-12.5', 'pt-BR'), decimal('0.000001', 'en'), decimal('1234.5', 'en'), decimal('?', 'en')]).toEqual(['-12,5', '0.000001', '1,234.5', '?']);
  });
});

describe('the note of a version', () => {
  it('is in the reader’s language if the server has written it', async () => {
    const { t } = await language('es');
    expect(noteOf({ note: 'Derived from Wholesale, version 12', isDerived: true }, t)).toBe('De Wholesale, versión 12');
    expect(noteOf({ note: 'Christmas', isDerived: true }, t)).toBe('Christmas');
    // a person may have written the same words
    expect(noteOf({ note: 'Derived from Wholesale, version 12', isDerived: false }, t)).toBe('Derived from Wholesale, version 12');
  });
});
