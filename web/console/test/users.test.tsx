import { CallshopError } from '@callshop/client';
import { afterEach, describe, expect, it } from 'vitest';
import { managedRoles } from '../src/accounts/account.js';
import { localeChoices } from '../src/accounts/EditUser.js';
import { isLoginName } from '../src/accounts/fields.js';
import {
  AccountUsersDocument,
  CreateUserDocument,
  DisableUserDocument,
  EnableUserDocument,
  ResetPasswordDocument,
  ResetTotpDocument,
  ShopUsersDocument,
  UpdateUserDocument,
} from '../src/accounts/generated.js';
import { shopOf } from './fixtures.js';
import { DATA, fakeClient, PERMISSIONS, type Fake, type Overrides } from './mock.js';
import { choose, find, labeled, language, openAt, soon, submit, type, type Opened } from './page.js';

const LONG = { timeout: 240_000 };
const ANY_TEXT: unknown = expect.any(String);
const ACTIVE: Overrides = {
  'User.id': 'ana',
  'User.displayName': 'Ana',
  'User.role': 'ATTENDANT',
  'User.locale': null,
  'User.disabledAt': null,
  'User.totpEnabledAt': '2026-11-29T12:00:00Z',
  'UserConnection.nodes': [{}],
};

let fake: Fake;
let opened: Opened | null = null;

afterEach(() => {
  opened?.close();
  opened = null;
});

async function open(role: 'CALLSHOP_OWNER' | 'RESELLER', overrides: Overrides = ACTIVE, hash = '#/users'): Promise<void> {
  fake = fakeClient(role, shopOf(), overrides);
  opened = await openAt(fake, await language('en'), hash);
  await find('[data-testid="users"]');
}

const all = (document: unknown) => fake.requests.filter((request) => request.document === document);
const asked = (document: unknown) => all(document).map(({ variables }) => variables.input);
const done = () => document.querySelector('[data-testid="done"]')?.textContent;
const dialog = () => find('[role="dialog"]');

async function press(label: string): Promise<void> {
  (await find(`.user [aria-label="${label}"]`)).click();
}

async function confirm(): Promise<void> {
  (await find('[role="dialog"] .button-close')).click();
}

describe('the users that one may manage', () => {
  const shop = { id: 'shop', kind: 'CALLSHOP' } as const;
  const above = { id: 'above', kind: 'RESELLER' } as const;
  const roles = (role: keyof typeof PERMISSIONS, accountId: string, of: Parameters<typeof managedRoles>[1]) =>
    managedRoles({ role, permissions: PERMISSIONS[role], account: { id: accountId, name: '', currency: 'BRL', timeZone: 'UTC', locale: 'en', country: 'BR' } }, of);

  it('are those below one’s account, and an owner’s attendants', () => {
    expect(roles('CALLSHOP_OWNER', 'shop', shop)).toEqual(['ATTENDANT']);
    expect(roles('ATTENDANT', 'shop', shop)).toEqual([]);
    expect(roles('RESELLER', 'above', shop)).toEqual(['CALLSHOP_OWNER', 'ATTENDANT']);
    expect(roles('RESELLER', 'above', above)).toEqual([]);
    expect(roles('DISTRIBUTOR', 'top', above)).toEqual(['RESELLER']);
    expect(roles('ADMIN', 'root', { id: 'root', kind: 'PLATFORM' })).toEqual(['ADMIN']);
    expect(roles('ADMIN', 'root', { id: 'top', kind: 'DISTRIBUTOR' })).toEqual(['DISTRIBUTOR']);
  });
});

it('a login name is checked before it is sent', () => {
  for (const name of ['ana', 'a2', 'ana.maria-2_x', 'a'.repeat(32)]) expect([name, isLoginName(name)]).toEqual([name, true]);
  for (const name of ['a', 'Ana', 'aná', 'ana@loja', 'ana maria', '', 'a'.repeat(33)]) expect([name, isLoginName(name)]).toEqual([name, false]);
});

it('a language that the page does not know stays as it is', () => {
  const values = (locale: string | null) => localeChoices(locale, 'account').map(({ value }) => value);
  expect(values(null)).toEqual(['', 'pt-BR', 'en', 'es']);
  expect(values('es')).toEqual(['', 'pt-BR', 'en', 'es']);
  expect(values('pt-PT')).toEqual(['', 'pt-BR', 'en', 'es', 'pt-PT']);
});

describe('the users of a shop', () => {
  it('are disabled after a confirmation', LONG, async () => {
    await open('CALLSHOP_OWNER');
    await press('Disable: Ana');
    await dialog();
    expect(asked(DisableUserDocument)).toEqual([]);
    await confirm();
    await soon(() => {
      expect(asked(DisableUserDocument)).toEqual([{ userId: 'ana' }]);
      expect(done()).toBe('Ana: disabled.');
      // the page reads the new state
      expect(all(ShopUsersDocument).length).toBe(2);
    });
  });

  it('are enabled with one click', LONG, async () => {
    await open('CALLSHOP_OWNER', { ...ACTIVE, 'User.disabledAt': '2026-11-29T12:00:00Z' });
    expect(document.querySelector('.user .badge-CLOSED')?.textContent).toBe('Disabled');
    await press('Enable: Ana');
    await soon(() => {
      expect(asked(EnableUserDocument)).toEqual([{ userId: 'ana' }]);
      expect(done()).toBe('Ana: may log in again.');
    });
  });

  it('lose their second factor after a confirmation', LONG, async () => {
    await open('CALLSHOP_OWNER');
    await press('Reset second factor: Ana');
    await confirm();
    await soon(() => {
      expect(asked(ResetTotpDocument)).toEqual([{ userId: 'ana' }]);
      expect(done()).toBe('Ana: second factor turned off.');
    });
  });

  it('show why a change failed', LONG, async () => {
    await open('CALLSHOP_OWNER');
    fake.failWith = new CallshopError('FORBIDDEN', 'no');
    await press('Disable: Ana');
    await confirm();
    await soon(() => {
      expect(document.querySelector('.user .note-error p')?.textContent).toBe('You may not do this.');
    });
    expect(done()).toBe('');
  });

  it('get a new password; a refusal is shown beside the field, in the server’s words', LONG, async () => {
    await open('CALLSHOP_OWNER');
    await press('New password: Ana');
    type(labeled(await dialog(), 'New password'), 'aaaaaaaaaa');
    const message = 'Use a password with at least four different characters.';
    const error = { code: 'WEAK_PASSWORD', message, field: ['input', 'password'] } as const;
    fake.failWith = new CallshopError(error.code, message, { userErrors: [error] });
    submit(await find('[role="dialog"] form'));
    expect((await find('[role="dialog"] .problem')).textContent).toBe(message);
    expect(document.activeElement).toBe(labeled(await dialog(), 'New password'));
    expect(document.querySelector('[role="dialog"] .note-error')).toBeNull();
    fake.failWith = null;
    type(labeled(await dialog(), 'New password'), 'nine cats on the porch');
    submit(await find('[role="dialog"] form'));
    await soon(() => {
      expect(asked(ResetPasswordDocument).at(-1)).toEqual({ userId: 'ana', password: 'nine cats on the porch' });
      expect(document.querySelector('[role="dialog"]')).toBeNull();
      expect(done()).toBe('Ana: new password saved. Tell the user the password.');
    });
  });

  it('change their name and language', LONG, async () => {
    await open('CALLSHOP_OWNER');
    await press('Change: Ana');
    type(labeled(await dialog(), 'Name'), ' Ana Maria ');
    choose(labeled(await dialog(), 'Language of messages'), 'es');
    submit(await find('[role="dialog"] form'));
    await soon(() => {
      expect(asked(UpdateUserDocument)).toEqual([{ userId: 'ana', displayName: 'Ana Maria', locale: 'es' }]);
      expect(document.querySelector('[role="dialog"]')).toBeNull();
    });
  });

  it('are created with a login, which is shown', LONG, async () => {
    await open('CALLSHOP_OWNER', { ...ACTIVE, 'User.login': 'bia@loja' });
    (await find('.screen-head .button')).click();
    type(labeled(await dialog(), 'Name'), 'Bia');
    type(labeled(await dialog(), 'Login name'), 'bia@loja');
    type(labeled(await dialog(), 'New password'), 'nine cats on the porch');
    submit(await find('[role="dialog"] form'));
    await find('[role="dialog"] .problem');
    expect(asked(CreateUserDocument)).toEqual([]);
    type(labeled(await dialog(), 'Login name'), 'Bia');
    submit(await find('[role="dialog"] form'));
    await soon(() => {
      const user = { name: 'bia', displayName: 'Bia', password: 'nine cats on the porch' };
      expect(asked(CreateUserDocument)).toEqual([{ accountId: 'shop', role: 'ATTENDANT', user, idempotencyKey: ANY_TEXT }]);
    });
    expect((await find('[role="dialog"] .outcome strong')).textContent).toBe('bia@loja');
  });

  it.each([
    ['the owner', 'CALLSHOP_OWNER', 'ana'],
    ['the own user', 'ATTENDANT', 'user'],
  ])('cannot be changed if it is %s', LONG, async (_name, role, id) => {
    await open('CALLSHOP_OWNER', { ...ACTIVE, 'User.id': id, 'User.role': role });
    expect(document.querySelectorAll('.user').length).toBe(1);
    expect(document.querySelector('.user .button')).toBeNull();
  });
});

describe('the users of an account above shops', () => {
  it('are read first, and then those of the chosen shop', LONG, async () => {
    await open('RESELLER', { ...ACTIVE, 'User.role': 'RESELLER', 'Callshop.id': 'loja', 'Callshop.name': `${DATA}Loja`, 'CallshopConnection.nodes': [{}] });
    expect(all(AccountUsersDocument).map(({ variables }) => variables.accountId)).toEqual(['shop']);
    expect(document.querySelector('.user .button, .screen-head .button')).toBeNull();
    (await find('.account-bar .button')).click();
    (await find('[data-testid="accounts"] .choice')).click();
    await soon(() => {
      expect(all(ShopUsersDocument).map(({ variables }) => variables.accountId)).toEqual(['loja']);
      expect(document.querySelector('.account-bar strong')?.textContent).toBe(`${DATA}Loja`);
      expect(document.querySelector('.screen-head .button')).not.toBeNull();
    });
  });

  it('are searched by the server', LONG, async () => {
    await open('RESELLER', { ...ACTIVE, 'User.role': 'RESELLER' });
    type(labeled(document, 'Name or login'), 'an ma');
    submit(await find('.finder form'));
    await soon(() => {
      expect(all(AccountUsersDocument).at(-1)?.variables).toEqual({ accountId: 'shop', search: 'an ma', after: null });
    });
  });
});
