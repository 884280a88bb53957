import { CallshopError } from '@callshop/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AccountStatementDocument, CreateExportLinkDocument } from '../src/accounts/generated.js';
import { isPeriod, monthBefore, monthTo } from '../src/accounts/period.js';
import { sumsOf } from '../src/accounts/sums.js';
import { brl, shopOf } from './fixtures.js';
import { fakeClient, type Fake, type Overrides } from './mock.js';
import { find, labeled, language, openAt, soon, type, type Opened } from './page.js';

const LONG = { timeout: 240_000 };

describe('a period', () => {
  it('is a month up to a day, or the whole month before', () => {
    expect(monthTo('2026-11-30')).toEqual({ from: '2026-11-01', to: '2026-11-30' });
    expect(monthBefore('2026-11-30')).toEqual({ from: '2026-10-01', to: '2026-10-31' });
    expect(monthBefore('2026-01-15')).toEqual({ from: '2025-12-01', to: '2025-12-31' });
    expect(monthBefore('2028-03-31')).toEqual({ from: '2028-02-01', to: '2028-02-29' });
  });

  it('has two days in their order', () => {
    expect(isPeriod({ from: '2026-11-01', to: '2026-11-01' })).toBe(true);
    expect(isPeriod({ from: '2026-11-02', to: '2026-11-01' })).toBe(false);
    expect(isPeriod({ from: '', to: '2026-11-01' })).toBe(false);
  });
});

const line = (kind: 'TOP_UP' | 'ADJUSTMENT' | 'REVERSAL' | 'CALLS', amount: string) => ({
  kind,
  at: null,
  note: '',
  tariffVersionNumber: null,
  tariffVersionActiveFrom: null,
  count: 1,
  billedSeconds: 0,
  amount: brl(amount),
});

it('the lines are added up exactly, by kind', () => {
  const lines = [line('TOP_UP', '100'), line('REVERSAL', '-10'), line('TOP_UP', '0.000001'), line('CALLS', '-0.1542'), line('CALLS', '-0.0001')];
  expect(sumsOf({ lines, opening: brl('0') })).toEqual([
    { kind: 'TOP_UP', amount: brl('100.000001') },
    { kind: 'REVERSAL', amount: brl('-10') },
    { kind: 'CALLS', amount: brl('-0.1543') },
  ]);
  expect(sumsOf({ lines: [], opening: brl('0') })).toEqual([]);
});

describe('the statement of an account', () => {
  let fake: Fake;
  let opened: Opened | null = null;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-30T15:00:00Z') });
  });

  afterEach(() => {
    opened?.close();
    opened = null;
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  async function open(overrides: Overrides = {}): Promise<void> {
    fake = fakeClient('RESELLER', shopOf(), overrides);
    opened = await openAt(fake, await language('en'), '#/statements');
    await find('[data-testid="statement"]');
  }

  const asked = (document: unknown) => fake.requests.filter((request) => request.document === document).map(({ variables }) => variables);
  const texts = (selector: string) => Array.from(document.querySelectorAll(selector), (element) => element.textContent);

  it('begins with the current month, and shows other periods', LONG, async () => {
    await open();
    expect(asked(AccountStatementDocument)).toEqual([{ accountId: 'shop', from: '2026-11-01', to: '2026-11-30' }]);
    const [current, last] = document.querySelectorAll<HTMLElement>('.chips .chip');
    expect(current?.getAttribute('aria-pressed')).toBe('true');
    last?.click();
    await soon(() => {
      expect(asked(AccountStatementDocument).at(-1)).toEqual({ accountId: 'shop', from: '2026-10-01', to: '2026-10-31' });
    });
    type(labeled(document, 'From'), '2026-10-15');
    await soon(() => {
      expect(asked(AccountStatementDocument).at(-1)).toEqual({ accountId: 'shop', from: '2026-10-15', to: '2026-10-31' });
      expect(texts('.chips [aria-pressed="true"]')).toEqual([]);
    });
    type(labeled(document, 'To'), '2026-10-01');
    expect((await find('.problem')).textContent).toBe('The last day is before the first.');
    expect(asked(AccountStatementDocument).length).toBe(3);
  });

  it('shows its balances, its lines and their sums, at the times of the account', LONG, async () => {
    const lines = [
      { ...line('TOP_UP', '100'), at: '2026-11-29T23:30:00Z', note: 'Pix 123' },
      { ...line('ADJUSTMENT', '5'), count: 7 },
      { ...line('CALLS', '-0.1542'), count: 2, billedSeconds: 90, tariffVersionNumber: 3, tariffVersionActiveFrom: '2026-11-01T03:00:00Z' },
    ];
    await open({
      'AccountStatement.opening': brl('1'),
      'AccountStatement.closing': brl('105.8458'),
      'AccountStatement.lines': lines,
    });
    const rows = Array.from(document.querySelectorAll('.statement-lines tbody tr'), (row) =>
      Array.from(row.querySelectorAll('th, td'), (cell) => cell.textContent.replace(/[\u00a0\u202f]/g, ' ')),
    );
    expect(rows).toEqual([
      ['Opening balance', '', '', 'R$ 1,00'],
      ['Top-up', '29/11/2026, 20:30', 'Pix 123', 'R$ 100,00'],
      ['Adjustment', '', '7 other movements', 'R$ 5,00'],
      ['Calls', '', 'Tariff version 3 (since 01/11/2026, 00:00)2 calls · 1:30', '-R$ 0,1542'],
      ['Closing balance', '', '', 'R$ 105,8458'],
    ]);
    expect(texts('.figures dt')).toEqual(['Opening balance', 'Top-ups', 'Adjustments', 'Calls', 'Closing balance']);
  });

  it('that the server refuses shows the reason in the server’s words', LONG, async () => {
    await open();
    fake.failWith = new CallshopError('INVALID_INPUT', 'The account has too many entries. Choose a later period.');
    document.querySelectorAll<HTMLElement>('.chips .chip')[1]?.click();
    expect((await find('.note-error p')).textContent).toBe('The account has too many entries. Choose a later period.');
  });

  it.each([
    ['PDF', 0],
    ['CSV', 1],
  ] as const)('is downloaded as %s from a signed address', LONG, async (format, index) => {
    const visited: string[] = [];
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
      visited.push(`${this.getAttribute('href') ?? ''} ${String(this.hasAttribute('download'))}`);
    });
    await open({ 'CreateExportLinkPayload.url': '/export/statement?link=signed' });
    document.querySelectorAll<HTMLElement>('.downloads .button')[index + 1]?.click();
    await soon(() => {
      expect(visited).toEqual(['/export/statement?link=signed true']);
    });
    const input = { subject: 'STATEMENT', accountId: 'shop', from: '2026-11-01', to: '2026-11-30', format, locale: 'pt-BR' };
    expect(asked(CreateExportLinkDocument)).toEqual([{ input }]);
  });

  it('is printed', LONG, async () => {
    const print = vi.fn();
    vi.stubGlobal('print', print);
    await open();
    document.querySelector<HTMLElement>('.downloads .button')?.click();
    expect(print).toHaveBeenCalledTimes(1);
    vi.unstubAllGlobals();
  });
});
