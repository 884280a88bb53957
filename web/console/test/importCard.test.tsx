import type { i18n } from 'i18next';
import { CallshopError } from '@callshop/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AccountFeedDocument } from '../src/app/generated.js';
import {
  AnswerImportDocument,
  CancelImportDocument,
  CreateImportDocument,
  FollowImportDocument,
  SaveMappingDocument,
  StartImportDocument,
} from '../src/reseller/generated.js';
import { shopOf } from './fixtures.js';
import { answer, DATA, fakeClient, type Fake, type Overrides } from './mock.js';
import { chooseFile, find, language, LANGUAGES, openAt, pseudoLanguage, soon, submit, type, type Opened } from './page.js';
import { untranslated } from './untranslated.js';

const ANY_TEXT: unknown = expect.any(String);
const LONG = { timeout: 240_000 };
const ID = { 'TariffImport.id': 'import' };
const OWN: Overrides = {
  ...ID,
  'Account.id': 'shop',
  'Tariff.id': 'tariff',
  'TariffConnection.nodes': [{}],
  'TariffImportConnection.nodes': [{}],
  'TariffVersion.state': 'ACTIVE',
  'TariffImport.uploadUrl': '/tariff-imports/1',
  'TariffImport.mapping': null,
  'TariffImport.effectiveAt': null,
  'TariffImport.error': null,
  'TariffMapping.mapping': '{"columns":{"price":2}}',
};

let fake: Fake;
let opened: Opened | null = null;

afterEach(() => {
  opened?.close();
  opened = null;
});

/** The variables of the last request with this document. */
function asked(document: unknown): unknown {
  return fake.requests.findLast((request) => request.document === document)?.variables.input;
}

/** Sends a state of the import to the page. */
async function tell(state: string, more: Overrides = {}, questions: readonly unknown[] | null = null): Promise<void> {
  const told = await answer(FollowImportDocument, { id: 'import' }, { ...OWN, 'TariffImport.state': state, ...more });
  const message: unknown = JSON.parse(JSON.stringify(told), (name, value: unknown) => (name === 'questions' ? (questions ?? value) : value));
  await soon(() => {
    expect(fake.subscriptions(FollowImportDocument)).toBe(1);
  });
  fake.publish(FollowImportDocument, message);
}

const card = () => find('[data-testid="import"]');
const cardText = () => document.querySelector('[data-testid="import"]')?.textContent;
const DISCARD = '[data-testid="import"] > .line-actions .button-plain:nth-of-type(2)';

async function press(selector: string): Promise<void> {
  (await find(selector)).click();
}

async function begin(i18n: i18n, overrides: Overrides = {}): Promise<void> {
  fake = fakeClient('RESELLER', shopOf(), { ...OWN, ...overrides });
  opened = await openAt(fake, i18n, '#/tariffs');
  await press('.tariff .line-actions .button');
  chooseFile(await find('[role="dialog"] input[type="file"]'), new File(['351,0.01'], `${DATA}deck`));
  submit(await find('[role="dialog"] form'));
  await card();
}

const two = (texts: readonly [string, string]) => texts.map((mapping) => ({ text: mapping, mapping }));
const question = (code: string, mappings: readonly [string, string]) => ({ code, text: code, line: 0, example: '', answers: two(mappings) });
const QUESTIONS = [
  question('DATE_ORDER', ['{"date_order":"dmy"}', '{"date_order":"mdy"}']),
  question('COLUMN_MEANING', ['{"columns":{"ignore":["Fee"]}}', '{"columns":{"connection_fee":"Fee"}}']),
];

const ANSWERS = { date_order: 'dmy', columns: { ignore: ['Fee'] } };

describe('an import', () => {
  beforeEach(async () => {
    await begin(await language('en'));
  });

  it('begins with a check, and sends the file', () => {
    expect(asked(CreateImportDocument)).toMatchObject({
      tariffId: 'tariff',
      mode: 'MERGE',
      dryRun: true,
      byDate: false,
      mapping: null,
      mappingId: null,
      note: `${DATA}deck`,
    });
    expect(fake.uploads).toEqual(['/tariff-imports/1']);
  });

  it('sends the answers to all questions together, and saves them', LONG, async () => {
    await tell('ASKS', {}, QUESTIONS);
    await press('.question:nth-of-type(1) .chip:nth-child(1)');
    await soon(() => {
      expect(document.querySelector('.question .chip')?.getAttribute('aria-pressed')).toBe('true');
    });
    expect(asked(AnswerImportDocument)).toBeUndefined();
    await press('.question:nth-of-type(2) .chip:nth-child(1)');
    await soon(() => {
      expect(asked(AnswerImportDocument)).toEqual({ importId: 'import', mapping: JSON.stringify(ANSWERS) });
    });
    await tell('CHECKED', { 'TariffImport.mapping': JSON.stringify(ANSWERS) });
    type(await find('.save-mapping input[required]'), 'Atlantic');
    await press('.save-mapping input[role="switch"]');
    submit(await find('.save-mapping'));
    await soon(() => {
      expect(asked(SaveMappingDocument)).toEqual({ name: 'Atlantic', mapping: JSON.stringify({ ...ANSWERS, currency: 'BRL' }) });
    });
  });

  it('whose mapping is saved already offers no saving', LONG, async () => {
    await tell('CHECKED', { 'TariffImport.mapping': '{ "columns": { "price": 2 } }' });
    await find('[data-testid="changed-rates"] table');
    expect(document.querySelector('.save-mapping')).toBeNull();
  });

  it('starts with the checked file, without another upload', LONG, async () => {
    await tell('CHECKED');
    submit(await find('[data-testid="start"]'));
    await soon(() => {
      expect(asked(StartImportDocument)).toEqual({ importId: 'import', takeEffect: 'DRAFT', idempotencyKey: ANY_TEXT });
    });
    await soon(async () => {
      await tell('DONE', { 'TariffVersion.number': 7, 'TariffVersion.state': 'DRAFT' });
      expect(cardText()).toContain('Version 7 is a draft.');
    });
    expect(fake.uploads.length).toBe(1);
  });

  it('can start at a later time', LONG, async () => {
    await tell('CHECKED');
    await press('[data-testid="start"] .segment:nth-child(3) input');
    type(await find('[data-testid="start"] input[type="date"]'), '2001-01-01');
    submit(await find('[data-testid="start"]'));
    await find('[data-testid="start"] .problem');
    expect(asked(StartImportDocument)).toBeUndefined();
    type(await find('[data-testid="start"] input[type="date"]'), '2999-01-01');
    type(await find('[data-testid="start"] input[type="time"]'), '08:30');
    await soon(() => {
      submit(document.querySelector('[data-testid="start"]'));
      expect(asked(StartImportDocument)).toMatchObject({ takeEffect: 'AT', effectiveAt: '2999-01-01T11:30:00.000Z' });
    });
  });

  it('can take effect as soon as it has ended', LONG, async () => {
    await tell('CHECKED');
    await press('[data-testid="start"] .segment:nth-child(2) input');
    submit(await find('[data-testid="start"]'));
    await soon(() => {
      expect(asked(StartImportDocument)).toEqual({ importId: 'import', takeEffect: 'NOW', idempotencyKey: ANY_TEXT });
    });
    await soon(async () => {
      await tell('DONE', { 'TariffVersion.number': 7 });
      expect(document.querySelector('[data-testid="import"] .good')?.textContent).toBe('Version 7 is in force.');
    });
  });

  it('that asked for a time before the check keeps the time unless another is chosen', LONG, async () => {
    await tell('CHECKED', { 'TariffImport.effectiveAt': '2999-01-01T03:00:00Z' });
    await find('[data-testid="start"]');
    expect(document.querySelectorAll('[data-testid="start"] .segment').length).toBe(4);
    submit(await find('[data-testid="start"]'));
    await soon(() => {
      expect(asked(StartImportDocument)).toEqual({ importId: 'import', idempotencyKey: ANY_TEXT });
    });
  });

  it('whose version was stored, but could not be activated, shows the error and the version', LONG, async () => {
    await tell('FAILED', { 'TariffImport.error': { code: 'SCHEDULE_CONFLICT' }, 'TariffVersion.number': 7, 'TariffVersion.state': 'DRAFT' });
    await find('[data-testid="import"] .note-error');
    await soon(() => {
      expect(cardText()).toContain('Version 7 is a draft.');
      expect(document.querySelector('[data-testid="import"] .button-primary')?.textContent).toBe('See what version 7 changes');
    });
  });

  it('is discarded after a confirmation', LONG, async () => {
    await tell('CHECKED');
    await press(DISCARD);
    await press('[role="dialog"] .dialog-foot .button-plain');
    await soon(() => {
      expect(document.querySelector('[role="dialog"]')).toBeNull();
    });
    expect(asked(CancelImportDocument)).toBeUndefined();
    await press(DISCARD);
    await press('[role="dialog"] .button-close');
    await soon(() => {
      expect(asked(CancelImportDocument)).toEqual({ importId: 'import' });
      expect(document.querySelector('[data-testid="import"]')).toBeNull();
    });
  });

  it('that somebody else has started is not discarded, but shown in its new state', LONG, async () => {
    await tell('CHECKED');
    fake.failWith = new CallshopError('ILLEGAL_STATE', 'The import has ended.');
    await press(DISCARD);
    await press('[role="dialog"] .button-close');
    await soon(() => {
      expect(document.querySelector('[data-testid="start"]')).toBeNull();
    });
    await soon(async () => {
      await tell('READING', { 'TariffImport.rowsTotal': null });
      expect(document.querySelector('[data-testid="import"] progress')).not.toBeNull();
    });
  });

  it.each([
    [true, true, ''],
    [false, true, '3 rates change in this way, but only the first are listed here.'],
    [false, false, 'More than 3 rates change in this way, but only the first are listed here.'],
  ])('whose list of changed rates is complete: %s, and counted exactly: %s', LONG, async (complete, exact, text) => {
    opened?.close();
    await begin(await language('en'), { 'TariffImport.changedRatesComplete': complete, 'RateChangeConnection.totalCountIsExact': exact });
    await tell('CHECKED');
    await find('[data-testid="import"] [data-testid="changed-rates"] table');
    expect(document.querySelector('[data-testid="import"] [data-testid="changed-rates"] > .quiet')?.textContent ?? '').toBe(text === '' ? '' : `${text} After the import, the new version shows all of them.`);
  });

  it('is checked again if the server no longer has the file', LONG, async () => {
    await tell('CHECKED', { 'TariffImport.mapping': JSON.stringify(ANSWERS) });
    fake.failWith = new CallshopError('UPLOAD_GONE', 'The file is gone.');
    submit(await find('[data-testid="start"]'));
    await soon(() => {
      expect(document.querySelector('[data-testid="import"] .note')?.textContent).toBe(LANGUAGES.en?.imports.gone);
    });
    fake.failWith = null;
    await press('[data-testid="import"] .note + .button-primary');
    await soon(() => {
      expect(asked(CreateImportDocument)).toMatchObject({ dryRun: true, mapping: JSON.stringify(ANSWERS), note: `${DATA}deck` });
      expect(fake.uploads.length).toBe(2);
    });
  });

  it('causes no notice while the page shows it', LONG, async () => {
    const event = (kind: string, seq: number, subjectId: string): unknown => ({ accountFeed: { cursor: `c${seq}`, event: { seq, kind, subjectId } } });
    await tell('READING', { 'TariffImport.rowsTotal': null });
    fake.publish(AccountFeedDocument, event('IMPORT_WAITS', 1, 'import'));
    fake.publish(AccountFeedDocument, event('IMPORT_ENDED', 2, 'another'));
    const notices = (): string => document.querySelector('.warnings [role="status"]')?.textContent ?? '';
    await soon(() => {
      expect(notices()).toBe(LANGUAGES.en?.news.IMPORT_ENDED);
    });
  });

  it('can be canceled', LONG, async () => {
    await tell('READING', { 'TariffImport.rowsTotal': null });
    await press('[data-testid="import"] > .button');
    await soon(() => {
      expect(asked(CancelImportDocument)).toEqual({ importId: 'import' });
      expect(document.querySelector('[data-testid="import"]')).toBeNull();
    });
  });

  it('whose upload fails can be sent again', LONG, async () => {
    fake.failWith = new CallshopError('OVERLOADED', 'The server is busy.');
    await tell('UPLOAD_AGAIN');
    await press('[data-testid="import"] .button-primary');
    await soon(() => {
      expect(document.querySelector('[data-testid="import"] .note-error')).not.toBeNull();
    });
    fake.failWith = null;
    await press('[data-testid="import"] .button-primary');
    await soon(() => {
      expect(fake.uploads.length).toBe(3);
      expect(document.querySelector('[data-testid="import"] .note-error')).toBeNull();
    });
  });
});

describe('an import in the list', () => {
  beforeEach(async () => {
    fake = fakeClient('RESELLER', shopOf(), { ...OWN, 'TariffImport.mapping': null });
    opened = await openAt(fake, await language('en'), '#/tariffs');
    await press('.imports .chip');
  });

  it('can be started by a page that does not have the file', LONG, async () => {
    await tell('CHECKED');
    submit(await find('[data-testid="start"]'));
    await soon(() => {
      expect(asked(StartImportDocument)).toEqual({ importId: 'import', idempotencyKey: ANY_TEXT });
    });
  });

  it('is followed by the same subscription after its start', LONG, async () => {
    await tell('CHECKED');
    const subscribe = vi.spyOn(fake.client, 'subscribe');
    submit(await find('[data-testid="start"]'));
    await soon(() => {
      expect(asked(StartImportDocument)).toBeDefined();
    });
    // the button stays busy until the server tells the new state
    await soon(() => {
      expect(document.querySelector('[data-testid="start"] .button-primary')?.getAttribute('aria-disabled')).toBe('true');
    });
    await tell('READING', { 'TariffImport.rowsTotal': null });
    await find('[data-testid="import"] progress');
    expect(subscribe).not.toHaveBeenCalled();
  });

  it('asks for the file if the server needs it', LONG, async () => {
    await tell('UPLOAD_AGAIN');
    chooseFile(await find('[data-testid="import"] input[type="file"]'), new File(['351,0.01'], 'deck.csv'));
    await soon(() => {
      expect(fake.uploads).toEqual(['/tariff-imports/1']);
    });
  });

  it('is closed', LONG, async () => {
    await tell('CHECKED');
    await press('[data-testid="import"] .button-quiet');
    await soon(() => {
      expect(document.querySelector('[data-testid="import"]')).toBeNull();
    });
  });
});

describe('every text of an import is translated', () => {
  it.each(['UPLOAD', 'UPLOAD_AGAIN', 'READING', 'ASKS', 'CHECKED', 'DONE', 'FAILED', 'CANCELED'])('%s', LONG, async (state) => {
    await begin(await pseudoLanguage());
    await tell(state, { 'DeckSetAside.reason': 'BY_ORIGIN', 'DeckGuess.item': `column:${DATA}price`, 'DeckQuestion.text': `${DATA}text`, 'DeckAnswer.text': `${DATA}text` });
    await soon(() => {
      expect(document.querySelector('.import-state')?.textContent).not.toBe('');
    });
    expect(untranslated()).toEqual([]);
  });
});
