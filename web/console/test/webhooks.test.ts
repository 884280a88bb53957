import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { READY, readyDocuments, readyOf } from '../src/webhooks/documents.js';
import { resultText } from '../src/webhooks/Deliveries.js';
import type { DeliveryFieldsFragment } from '../src/webhooks/generated.js';
import { remember, upToDate, type Changes } from '../src/webhooks/log.js';
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

describe('the log of a webhook', () => {
  const AT = '2026-11-30T12:00:';
  const delivery = (second: number, status: DeliveryFieldsFragment['status'] = 'DELIVERED'): DeliveryFieldsFragment => ({
    deliveryId: `d${second}`,
    kind: 'EVENT',
    seq: second,
    status,
    attempts: 1,
    responseStatus: 204,
    responseBody: '',
    error: null,
    createdAt: `${AT}${second}Z`,
    attemptedAt: `${AT}${second}Z`,
    nextAttemptAt: null,
  });
  const changesWith = (...deliveries: readonly DeliveryFieldsFragment[]): Changes => deliveries.reduce(remember, new Map());
  const shown = (page: readonly DeliveryFieldsFragment[], changes: Changes, takesNew: boolean) =>
    upToDate(page, changes, takesNew).map(({ seq, status }) => `${String(seq)} ${status}`);
  const page = [delivery(30, 'PENDING'), delivery(20)];

  it('has the latest result of each message, and the new messages first', () => {
    const changes = changesWith(delivery(30, 'PENDING'), delivery(40), delivery(30, 'FAILED'), delivery(35));
    expect(shown(page, changes, true)).toEqual(['40 DELIVERED', '35 DELIVERED', '30 FAILED', '20 DELIVERED']);
  });

  it('takes into an older page only the results of its own messages', () => {
    expect(shown(page, changesWith(delivery(40), delivery(30, 'FAILED')), false)).toEqual(['30 FAILED', '20 DELIVERED']);
  });

  it('leaves out messages that are on a later page', () => {
    expect(shown(page, changesWith(delivery(10), delivery(20)), true)).toEqual(['30 PENDING', '20 DELIVERED']);
    expect(shown([], changesWith(delivery(10)), true)).toEqual(['10 DELIVERED']);
  });

  it('remembers a bounded number of changes', () => {
    const many = Array.from({ length: 120 }, (_, index) => ({ ...delivery(10), deliveryId: `d${index}` }));
    const changes = changesWith(...many, many[30] ?? delivery(10), delivery(11));
    expect([changes.size, changes.has('d20'), changes.has('d30'), changes.has('d11')]).toEqual([100, false, true, true]);
  });
});
