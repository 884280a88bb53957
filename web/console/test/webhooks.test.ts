import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { READY, readyDocuments, readyOf } from '../src/webhooks/documents.js';
import { resultText } from '../src/webhooks/Deliveries.js';
import { changesOf } from '../src/webhooks/WebhookForm.js';
import { language } from './page.js';

const schema = buildSchema(readFileSync(join(import.meta.dirname, '../../../schema.graphql'), 'utf8'));
const account = { id: 'QWNjb3VudA==', name: '', currency: 'BRL', timeZone: 'UTC', locale: 'pt-BR', country: 'BR' };

describe('the ready documents', () => {
  it('are valid, and name the account', () => {
    for (const callshop of [null, account]) {
      for (const [name, text] of readyDocuments({ account, callshop })) {
        expect([name, validate(schema, parse(text))]).toEqual([name, []]);
        expect(text).toContain(`"${account.id}"`);
      }
    }
  });

  it('follow the feed and the branch of an account, or a callshop', () => {
    const fields = (callshop: typeof account | null): readonly (readonly [string, string | undefined])[] =>
      [...readyDocuments({ account, callshop })].map(([name, text]) => [name, /\w+(?=\()/.exec(text)?.[0]]);
    expect(fields(null)).toEqual([
      ['prices', 'accountFeed'],
      ['credit', 'accountFeed'],
      ['calls', 'accountActivity'],
      ['cabins', 'accountActivity'],
      ['payments', 'accountActivity'],
    ]);
    expect(fields(account)).toEqual(READY.filter((name) => name !== 'prices').map((name) => [name, 'callshopActivity']));
  });

  it('are recognized until somebody changes them', () => {
    const documents = readyDocuments({ account, callshop: null });
    const text = documents.get('calls') ?? '';
    expect([readyOf(text, documents), readyOf(`${text} `, documents)]).toEqual(['calls', null]);
  });
});

describe('the result of an attempt', () => {
  it('has the status of the answer, or says why there is none', async () => {
    const { t } = await language('en');
    expect(resultText({ responseStatus: 204, error: null }, t)).toBe('The receiver answered 204.');
    expect(resultText({ responseStatus: null, error: 'The connection was refused.' }, t)).toBe('The message did not arrive: The connection was refused.');
  });
});

describe('the changes of a webhook', () => {
  it('leave out an address and a document that stay, because sending them may narrow the webhook’s rights', () => {
    const former = { url: 'https://a', description: 'A', query: 'q' };
    expect(changesOf(former, { ...former, description: 'B' })).toEqual({ description: 'B' });
    expect(changesOf(former, { ...former, url: 'https://b', query: 'r' })).toEqual({ description: 'A', url: 'https://b', query: 'r' });
  });
});
