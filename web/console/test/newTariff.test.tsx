import { afterEach, describe, expect, it } from 'vitest';
import { CreateTariffDocument } from '../src/reseller/generated.js';
import { bandsOf, dayName, DAYS, newBand } from '../src/reseller/bands.js';
import { shopOf } from './fixtures.js';
import { fakeClient, type Fake } from './mock.js';
import { find, labeled, language, openAt, soon, submit, type, type Opened } from './page.js';

const LONG = { timeout: 240_000 };

describe('a time band', () => {
  const evening = { ...newBand(1), name: ' evening ', from: '20:00', to: '08:00' };

  it('has its days in the order of the week, and times with seconds', () => {
    expect(bandsOf([{ ...evening, days: new Set(['SUNDAY', 'MONDAY']), holidays: true }])).toEqual([
      { name: 'evening', weekdays: ['MONDAY', 'SUNDAY'], from: '20:00:00', to: '08:00:00', holidays: true },
    ]);
  });

  it('begins on a day or on holidays', () => {
    expect(bandsOf([evening])).toBeNull();
    expect(bandsOf([{ ...evening, holidays: true }])).not.toBeNull();
    expect(bandsOf([])).toEqual([]);
  });

  it('names its days in the language of the page', () => {
    expect(DAYS.map((day) => dayName(day, 'en', 'short'))).toEqual(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']);
    expect(dayName('SUNDAY', 'pt-BR', 'long')).toBe('domingo');
  });
});

describe('a new tariff', () => {
  let fake: Fake;
  let opened: Opened | null = null;
  const input = (): unknown => fake.requests.find(({ document }) => document === CreateTariffDocument)?.variables.input;

  async function begin(role: 'RESELLER' | 'ADMIN'): Promise<void> {
    fake = fakeClient(role, shopOf(), { 'Account.id': 'shop', 'Tariff.id': 'tariff', 'TariffConnection.nodes': [{}] });
    opened = await openAt(fake, await language('en'), '#/tariffs');
    (await find('.screen-head .button')).click();
    type(labeled(await find('[role="dialog"]'), 'Name of the tariff'), ' Wholesale ');
  }

  afterEach(() => {
    opened?.close();
    opened = null;
  });

  it('has the currency of the account, and leads to the import of its rates', LONG, async () => {
    await begin('RESELLER');
    expect(labeled(await find('[role="dialog"]'), 'Currency')).toBeNull();
    submit(await find('[role="dialog"] form'));
    await soon(() => {
      expect(input()).toMatchObject({ name: 'Wholesale', currency: 'BRL', bands: [] });
    });
    await find('[role="dialog"] input[type="file"]');
  });

  it('of the platform may have another currency, and bands', LONG, async () => {
    await begin('ADMIN');
    const dialog = await find('[role="dialog"]');
    type(labeled(dialog, 'Currency'), 'usd');
    (await find('[role="dialog"] .stack .button')).click();
    await find('.band');
    type(labeled(dialog, 'Name of band 1'), 'weekend');
    submit(await find('[role="dialog"] form'));
    await find('.band .problem');
    expect(input()).toBeUndefined();
    for (const day of [6, 7]) (await find(`.band .segment:nth-child(${day}) input`)).click();
    await soon(() => {
      expect(document.querySelectorAll('.band input[type="checkbox"]:checked:not([role])').length).toBe(2);
    });
    submit(await find('[role="dialog"] form'));
    const weekend = { name: 'weekend', weekdays: ['SATURDAY', 'SUNDAY'], from: '20:00:00', to: '08:00:00', holidays: false };
    await soon(() => {
      expect(input()).toMatchObject({ currency: 'USD', bands: [weekend] });
    });
  });
});
