import type { i18n } from 'i18next';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { shopOf } from './fixtures.js';
import { DATA, fakeClient, type Overrides } from './mock.js';
import type { ShopState } from '@callshop/client';
import { find, idle, LANGUAGES, openAt, pseudoLanguage, type Opened } from './page.js';
import { untranslated } from './untranslated.js';

const entries = (value: object): [string, unknown][] => Object.entries(value);

function messages(value: object, path = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, inner] of entries(value)) {
    if (typeof inner === 'string') found.set(`${path}${key}`, inner);
    else if (typeof inner === 'object' && inner !== null) for (const [name, text] of messages(inner, `${path}${key}.`)) found.set(name, text);
  }
  return found;
}

const holes = (text: string) => Array.from(text.matchAll(/\{\{(\w+)\}\}/g), ([, name]) => name).sort();

describe.each(Object.entries(LANGUAGES))('%s', (_language, translated) => {
  const original = messages(LANGUAGES['pt-BR'] ?? {});
  const other = messages(translated);

  it('has the keys of Portuguese', () => {
    expect([...other.keys()].sort()).toEqual([...original.keys()].sort());
  });

  it('has the same values in each text, and no empty text', () => {
    for (const [key, text] of original) {
      expect([key, holes(other.get(key) ?? '')]).toEqual([key, holes(text)]);
      expect([key, other.get(key) === '']).toEqual([key, false]);
    }
  });
});

interface Case {
  readonly name: string;
  readonly role: 'ATTENDANT' | 'CALLSHOP_OWNER' | 'RESELLER' | 'ADMIN' | null;
  readonly hash: string;
  readonly overrides?: Overrides;
  readonly shop?: Partial<ShopState>;
  readonly press?: string;
}

const settled = { 'CabinSession.state': 'SETTLED' };
const closed = { 'CabinSession.state': 'CLOSED' };
const noRegister = { overrides: { 'Query.currentRegister': null, 'Query.xReport': null }, shop: { register: null } };
const blind = { 'RegisterReport.salesTotal': null, 'OpenItem.state': 'CLOSED' };

const own = { 'Account.id': 'shop' };
const disabled = { 'Webhook.state': 'DISABLED', 'Webhook.disabledReason': 'TOKEN_ENDED', 'WebhookDelivery.kind': 'GAP', 'WebhookDelivery.status': 'PENDING' };

const CASES: readonly Case[] = [
  { name: 'login', role: null, hash: '' },
  { name: 'board', role: 'ATTENDANT', hash: '#/board' },
  { name: 'board with a closed register', role: 'ATTENDANT', hash: '#/board', ...noRegister },
  { name: 'open a cabin', role: 'ATTENDANT', hash: '#/board', press: '.button-open' },
  { name: 'close a cabin', role: 'ATTENDANT', hash: '#/board', press: '.button-close' },
  { name: 'cabin', role: 'CALLSHOP_OWNER', hash: '#/board', press: '#cabin-1' },
  { name: 'prepaid cabin', role: 'ATTENDANT', hash: '#/board', press: '#cabin-2', overrides: { 'CabinSession.mode': 'PREPAID' } },
  { name: 'free cabin', role: 'ATTENDANT', hash: '#/board', press: '#cabin-3' },
  { name: 'bill', role: 'CALLSHOP_OWNER', hash: '#/board', press: '.unpaid .chip', overrides: closed },
  { name: 'bill that waits', role: 'ATTENDANT', hash: '#/board', press: '.unpaid .chip', overrides: { 'CabinSession.state': 'CLOSING' } },
  { name: 'paid bill', role: 'CALLSHOP_OWNER', hash: '#/receipts', press: '.table .button', overrides: settled },
  { name: 'receipts', role: 'ATTENDANT', hash: '#/receipts', overrides: settled },
  { name: 'register', role: 'ATTENDANT', hash: '#/register', overrides: blind },
  { name: 'register of an owner', role: 'CALLSHOP_OWNER', hash: '#/register' },
  { name: 'closed register', role: 'ATTENDANT', hash: '#/register', ...noRegister },
  { name: 'Z report', role: 'ATTENDANT', hash: '#/register', press: '.line .button-small' },
  { name: 'prices', role: 'ATTENDANT', hash: '#/prices' },
  { name: 'settings', role: 'ATTENDANT', hash: '#/settings' },
  { name: 'settings of an owner', role: 'CALLSHOP_OWNER', hash: '#/settings' },
  { name: 'help', role: 'ATTENDANT', hash: '#/settings', press: '.card.form > .button' },
  { name: 'problems', role: 'CALLSHOP_OWNER', hash: '#/problems', overrides: { 'Problem.text': `${DATA}text` } },
  { name: 'no problems', role: 'CALLSHOP_OWNER', hash: '#/problems', overrides: { 'Query.problems': [] } },
  { name: 'report', role: 'CALLSHOP_OWNER', hash: '#/report' },
  { name: 'equipment', role: 'CALLSHOP_OWNER', hash: '#/equipment' },
  { name: 'wall', role: 'RESELLER', hash: '#/wall' },
  { name: 'top-up', role: 'RESELLER', hash: '#/wall', press: '.shop .button' },
  { name: 'phones', role: 'RESELLER', hash: '#/equipment/shop' },
  { name: 'tariffs', role: 'RESELLER', hash: '#/tariffs' },
  { name: 'tariffs of the account', role: 'RESELLER', hash: '#/tariffs', overrides: { ...own, 'TariffVersion.state': 'DRAFT' } },
  { name: 'a tariff without versions', role: 'RESELLER', hash: '#/tariffs', overrides: { ...own, 'TariffVersionConnection.nodes': [], 'TariffImportConnection.nodes': [] } },
  { name: 'a new tariff', role: 'RESELLER', hash: '#/tariffs', press: '.screen-head .button' },
  { name: 'a new derived tariff', role: 'RESELLER', hash: '#/tariffs', press: '.screen-head .button:last-child' },
  { name: 'activation', role: 'RESELLER', hash: '#/tariffs', overrides: { ...own, 'TariffVersion.state': 'DRAFT' }, press: '.tariff .button-primary' },
  {
    name: 'canceling a schedule',
    role: 'RESELLER',
    hash: '#/tariffs',
    overrides: { ...own, 'TariffVersion.state': 'SCHEDULED' },
    press: '.tariff .line-actions .button',
  },
  { name: 'a file to import', role: 'RESELLER', hash: '#/tariffs', overrides: { ...own, 'TariffVersion.state': 'ACTIVE' }, press: '.tariff .line-actions .button' },
  { name: 'webhooks', role: 'RESELLER', hash: '#/webhooks' },
  { name: 'webhooks of an owner', role: 'CALLSHOP_OWNER', hash: '#/webhooks', overrides: { ...disabled, 'Webhook.description': '', 'WebhookDelivery.responseStatus': null } },
  { name: 'a paused webhook', role: 'RESELLER', hash: '#/webhooks', overrides: { ...disabled, 'Webhook.disabledReason': 'PAUSED' }, press: '[data-testid="webhook"] .button-primary' },
  { name: 'no webhooks', role: 'RESELLER', hash: '#/webhooks', overrides: { 'WebhookConnection.nodes': [] } },
  { name: 'a new webhook', role: 'RESELLER', hash: '#/webhooks', press: '.screen-head .button' },
  { name: 'users of a shop', role: 'CALLSHOP_OWNER', hash: '#/users', overrides: { 'User.role': 'ATTENDANT' } },
  { name: 'users of a shop, for its reseller', role: 'RESELLER', hash: '#/users/shop' },
  { name: 'users of the own account', role: 'RESELLER', hash: '#/users', overrides: { 'User.disabledAt': null, 'User.totpEnabledAt': null } },
  { name: 'no users', role: 'CALLSHOP_OWNER', hash: '#/users', overrides: { 'UserConnection.nodes': [] } },
  { name: 'a new user', role: 'CALLSHOP_OWNER', hash: '#/users', press: '.screen-head .button' },
  { name: 'changing a user', role: 'CALLSHOP_OWNER', hash: '#/users', overrides: { 'User.role': 'ATTENDANT' }, press: '.user .button:nth-of-type(1)' },
  { name: 'a new password', role: 'CALLSHOP_OWNER', hash: '#/users', overrides: { 'User.role': 'ATTENDANT' }, press: '.user .button:nth-of-type(2)' },
  { name: 'resetting the second factor', role: 'CALLSHOP_OWNER', hash: '#/users', overrides: { 'User.role': 'ATTENDANT' }, press: '.user .button:nth-of-type(3)' },
  {
    name: 'disabling a user',
    role: 'CALLSHOP_OWNER',
    hash: '#/users',
    overrides: { 'User.role': 'ATTENDANT', 'User.disabledAt': null },
    press: '.user .button:nth-of-type(4)',
  },
  { name: 'choosing an account', role: 'RESELLER', hash: '#/users', press: '.account-bar .button' },
  { name: 'statement', role: 'CALLSHOP_OWNER', hash: '#/statements' },
  { name: 'statement with calls', role: 'RESELLER', hash: '#/statements', overrides: { 'AccountStatementLine.kind': 'CALLS', 'AccountStatementLine.at': null } },
  { name: 'statement with sums', role: 'RESELLER', hash: '#/statements/shop', overrides: { 'AccountStatementLine.at': null } },
  { name: 'statement without movements', role: 'RESELLER', hash: '#/statements', overrides: { 'AccountStatement.lines': [] } },
  { name: 'statement of the platform', role: 'ADMIN', hash: '#/statements' },
  { name: 'deleting a webhook', role: 'RESELLER', hash: '#/webhooks', press: '[data-testid="webhook"] .button:last-child' },
];

describe('every text of the page is translated', () => {
  let language: i18n;
  let opened: Opened | null = null;

  beforeAll(async () => {
    language = await pseudoLanguage();
  });

  afterEach(() => {
    opened?.close();
    opened = null;
  });

  it.each(CASES.map((example) => [example.name, example] as const))(
    '%s',
    async (_name, { role, hash, overrides, shop, press }) => {
      const fake = fakeClient(role, shopOf(shop), overrides);
      opened = await openAt(fake, language, hash);
      if (press !== undefined) {
        (await find(press)).click();
        await find('[role="dialog"]');
        await idle();
      }
      expect(document.body.textContent).toContain('⟦');
      expect(untranslated()).toEqual([]);
    },
    240_000,
  );
});
