import { afterEach, expect, it } from 'vitest';
import { AccountFeedDocument } from '../src/app/generated.js';
import { TariffsDocument, TariffVersionsDocument } from '../src/reseller/generated.js';
import { shopOf } from './fixtures.js';
import { fakeClient, type Fake } from './mock.js';
import { language, LANGUAGES, openAt, soon, type Opened } from './page.js';

const LONG = { timeout: 240_000 };
let opened: Opened | null = null;

afterEach(() => {
  opened?.close();
  opened = null;
});

function asked(fake: Fake): readonly number[] {
  return [TariffsDocument, TariffVersionsDocument].map((wanted) => fake.requests.filter(({ document }) => document === wanted).length);
}

function event(kind: string, seq: number): unknown {
  return { accountFeed: { cursor: `c${seq}`, event: { seq, kind, subjectId: null } } };
}

const start = { accountFeed: { cursor: 'c0', event: null } };

it.each(Object.entries(LANGUAGES))('the tariffs follow the feed of the account, in %s', LONG, async (name, { news }) => {
  const fake = fakeClient('RESELLER', shopOf(), { 'TariffConnection.nodes': [{}], 'Tariff.id': 'tariff' });
  opened = await openAt(fake, await language(name), '#/tariffs');
  expect(fake.publish(AccountFeedDocument, start)).toBe(1);
  fake.publish(AccountFeedDocument, event('VERSION_IN_FORCE', 1));
  await soon(() => {
    expect(asked(fake)).toEqual([2, 2]);
  });
  const notices = (): string => document.querySelector('.warnings [role="status"]')?.textContent ?? '';
  await soon(() => {
    expect(notices()).toBe(news.VERSION_IN_FORCE);
  });
  // a later server may have further kinds
  fake.publish(AccountFeedDocument, event('SOMETHING_NEW', 2));
  await soon(() => {
    expect(asked(fake)).toEqual([3, 3]);
  });
  expect(notices()).toBe(news.VERSION_IN_FORCE);
  // the first message after a loss of the connection: events may have been missed
  fake.publish(AccountFeedDocument, { accountFeed: { cursor: 'c7', event: null } });
  await soon(() => {
    expect(asked(fake)).toEqual([4, 4]);
  });
});

it('a callshop has no feed', LONG, async () => {
  const fake = fakeClient('CALLSHOP_OWNER', shopOf());
  opened = await openAt(fake, await language('en'), '#/settings');
  expect(fake.publish(AccountFeedDocument, event('CREDIT_LOW', 1))).toBe(0);
});
