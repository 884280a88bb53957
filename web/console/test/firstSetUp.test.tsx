import { afterEach, describe, expect, it } from 'vitest';
import { BeginTotpDocument, ConfirmTotpDocument } from '../src/generated.js';
import { shopOf } from './fixtures.js';
import { fakeClient } from './mock.js';
import { find, labeled, language, LANGUAGES, openAt, soon, submit, type, type Opened } from './page.js';

let opened: Opened | null = null;

afterEach(() => {
  opened?.close();
  opened = null;
});

describe.each(Object.entries(LANGUAGES))('a server that requires a second factor, in %s', (name, { login, totp }) => {
  it('has it set up before anything else, and shows the recovery codes once', { timeout: 240_000 }, async () => {
    const answers: Record<string, unknown> = { 'User.totpSetupRequired': true, 'RecoveryCodesPayload.recoveryCodes': ['aaaa-1111', 'bbbb-2222'] };
    const fake = fakeClient('CALLSHOP_OWNER', shopOf(), answers);
    opened = await openAt(fake, await language(name), '#/board');
    const title = await find('#set-up-title');
    expect(title.textContent).toBe(totp.title);
    await soon(() => {
      expect(document.activeElement).toBe(title);
    });
    expect(document.querySelector('nav, .tile')).toBeNull();

    type(labeled(document, login.password), 'nove gatos');
    submit(document.querySelector('form'));
    await find('svg.qr');
    expect(document.querySelector('code')?.textContent).toContain('secret');
    type(labeled(document, login.code), ' 123456 ');
    submit(document.querySelector('form'));
    await find('.recovery-codes');
    expect(Array.from(document.querySelectorAll('.recovery-codes code'), (code) => code.textContent)).toEqual(['aaaa-1111', 'bbbb-2222']);
    const inputs = [BeginTotpDocument, ConfirmTotpDocument].map(
      (document) => fake.requests.find((request) => request.document === document)?.variables.input,
    );
    expect(inputs).toEqual([{ password: 'nove gatos' }, { code: '123456' }]);

    answers['User.totpSetupRequired'] = false;
    Array.from(document.querySelectorAll('button'))
      .find((button) => button.textContent === totp.kept)
      ?.click();
    await find('.tile');
    await soon(() => {
      expect(document.querySelector('.recovery-codes')).toBeNull();
    });
  });
});
