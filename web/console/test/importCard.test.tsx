import type { i18n } from 'i18next';
import { CallshopError } from '@callshop/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AccountFeedDocument } from '../src/generated.js';
import {
  AnswerImportDocument,
  CancelImportDocument,
  CreateImportDocument,
  FollowImportDocument,
  SaveMappingDocument,
} from '../src/reseller/generated.js';
import { shopOf } from './fixtures.js';
import { answer, DATA, fakeClient, type Fake, type Overrides } from './mock.js';
import { chooseFile, find, language, LANGUAGES, openAt, pseudoLanguage, soon, submit, type, type Opened } from './page.js';
import { untranslated } from './untranslated.js';

const LONG = { timeout: 240_000 };
const ID = { 'TariffImport.id': 'import' };
const OWN: Overrides = {
  ...ID,
  'Account.id': 'shop',
  'Tariff.id': 'tariff',
  'TariffConnection.nodes': [{}],
  'TariffVersion.state': 'ACTIVE',
  'TariffImport.uploadUrl': '/tariff-imports/1',
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
    expect(fake.publish(FollowImportDocument, message)).toBe(1);
  });
}

const card = () => find('[data-testid="import"]');

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

  it('sends the answers to all questions together, repeats them in the import, and saves them', LONG, async () => {
    await tell('ASKS', {}, QUESTIONS);
    await press('.question:nth-of-type(1) .chip:nth-child(1)');
    await soon(() => {
      expect(document.querySelector('.question .chip')?.getAttribute('aria-pressed')).toBe('true');
    });
    expect(asked(AnswerImportDocument)).toBeUndefined();
    await press('.question:nth-of-type(2) .chip:nth-child(1)');
    const answers = { date_order: 'dmy', columns: { ignore: ['Fee'] } };
    await soon(() => {
      expect(asked(AnswerImportDocument)).toEqual({ importId: 'import', mapping: JSON.stringify(answers) });
    });
    await tell('CHECKED');
    type(await find('.save-mapping input[required]'), 'Atlantic');
    await press('.save-mapping input[role="switch"]');
    submit(await find('.save-mapping'));
    await soon(() => {
      expect(asked(SaveMappingDocument)).toEqual({ name: 'Atlantic', mapping: JSON.stringify({ ...answers, currency: 'BRL' }) });
    });
    await press('[data-testid="import"] .button-primary');
    await soon(() => {
      expect(asked(CreateImportDocument)).toMatchObject({ dryRun: false, mapping: JSON.stringify(answers) });
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

describe('every text of an import is translated', () => {
  it.each(['UPLOAD', 'UPLOAD_AGAIN', 'READING', 'ASKS', 'CHECKED', 'DONE', 'FAILED', 'CANCELED'])('%s', LONG, async (state) => {
    await begin(await pseudoLanguage());
    await tell(state, { 'DeckSetAside.reason': 'BY_ORIGIN', 'DeckQuestion.text': `${DATA}text`, 'DeckAnswer.text': `${DATA}text` });
    await soon(() => {
      expect(document.querySelector('.import-state')?.textContent).not.toBe('');
    });
    expect(untranslated()).toEqual([]);
  });
});
