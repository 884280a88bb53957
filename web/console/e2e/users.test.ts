import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, logIn, openPage, pictureFailures, siteOf } from './browser.js';
import { send, startDemo, type Demo } from './demo.js';
import { list, text } from './json.js';
import { Keys } from './keys.js';
import type { Site } from './site.js';
import { codeOf } from './totp.js';

const FIRST = 'nove gatos na varanda';
const SECOND = 'sete barcos no telhado';

// An owner manages an attendant with the keyboard only, and the attendant's logins follow. Each step continues from the previous step.
describe('the users', () => {
  let demo: Demo;
  let site: Site;
  let browser: Browser;
  let page: Page;
  let keys: Keys;
  let login = '';

  const dialog = () => page.getByRole('dialog');
  const button = (name: string, within: Page | Locator = page) => within.getByRole('button', { name, exact: true });
  const line = (name: string) => page.locator('.user', { hasText: name });
  const done = (words: string) => page.getByTestId('done').getByText(words).waitFor();

  /** The code of the last refusal of a login. */
  let refusal = '';

  /** Logs the attendant in, and returns the access token; null if the server refuses the login. */
  async function enter(password: string): Promise<string | null> {
    const document = 'mutation($input: LoginInput!) { login(input: $input) { accessToken userErrors { code } } }';
    const answer = await send(demo.http, null, document, { input: { login, password } });
    const [error] = list(answer, 'data', 'login', 'userErrors');
    refusal = error === undefined ? '' : text(error, 'code');
    return error === undefined ? text(answer, 'data', 'login', 'accessToken') : null;
  }

  async function isLoggedIn(token: string): Promise<boolean> {
    return JSON.stringify(await send(demo.http, token, '{ viewer { id } }')).includes('"viewer":{');
  }

  /** Waits until the keyboard is back at the user. */
  async function keepsFocus(name: string): Promise<void> {
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest('.user')?.textContent ?? '')).toContain(name);
  }

  async function fill(label: string, words: string): Promise<void> {
    const field = dialog().getByLabel(label, { exact: true });
    await keys.reach(field);
    await field.fill('');
    await keys.type(words);
  }

  beforeAll(async () => {
    demo = await startDemo({ traffic: false });
    site = await siteOf(demo);
    browser = await launch();
    ({ page } = await openPage(browser, site, { width: 1280, theme: 'light', language: 'pt-BR' }));
    keys = new Keys(page);
    await logIn(page, demo, 'CALLSHOP_OWNER');
  });

  afterAll(async () => {
    await browser.close();
    await site.close();
    await demo.stop();
  });

  pictureFailures(() => [page]);

  it('are created, after the errors of the form are corrected', async () => {
    await keys.activate(page.getByRole('link', { name: 'Usuários', exact: true }));
    await keys.activate(button('Novo usuário'));
    await fill('Nome', 'Bia Souza');
    await fill('Usuário', 'ana');
    await fill('Senha nova', 'aaaaaaaaaa');
    await keys.activate(button('Criar', dialog()));
    await dialog().getByText('quatro caracteres diferentes').waitFor();
    await fill('Senha nova', FIRST);
    await keys.activate(button('Criar', dialog()));
    await dialog().getByText('A conta já tem um usuário com este nome.', { exact: false }).waitFor();
    await fill('Usuário', 'bia');
    await keys.activate(button('Criar', dialog()));
    login = await dialog().locator('.outcome strong').innerText();
    expect(login).toMatch(/^bia@/);
    await keys.activate(button('Concluir', dialog()));
    await line('Bia Souza').waitFor();
    expect(await enter(FIRST)).not.toBeNull();
  });

  it('cannot log in while they are disabled', async () => {
    const token = (await enter(FIRST)) ?? '';
    expect(await isLoggedIn(token)).toBe(true);
    await keys.activate(button('Bloquear: Bia Souza'));
    await keys.activate(button('Bloquear', dialog()));
    await done('Bia Souza: bloqueado.');
    await line('Bia Souza').getByText('Bloqueado', { exact: true }).waitFor();
    await keepsFocus('Bia Souza');
    expect([await isLoggedIn(token), await enter(FIRST)]).toEqual([false, null]);
    await keys.activate(button('Desbloquear: Bia Souza'));
    await done('Bia Souza: pode entrar de novo.');
    expect(await enter(FIRST)).not.toBeNull();
  });

  it('get a new password', async () => {
    await keys.activate(button('Nova senha: Bia Souza'));
    await fill('Senha nova', SECOND);
    await keys.activate(button('Salvar a senha', dialog()));
    await done('Bia Souza: senha nova salva.');
    expect([await enter(FIRST), refusal, (await enter(SECOND)) === null]).toEqual([null, 'BAD_CREDENTIALS', false]);
  });

  it('lose a second factor that they can no longer use', async () => {
    const token = await enter(SECOND);
    const begun = await send(demo.http, token, 'mutation($password: String!) { beginTotp(input: {password: $password}) { secret } }', { password: SECOND });
    const code = codeOf(text(begun, 'data', 'beginTotp', 'secret'));
    const confirmed = await send(demo.http, token, 'mutation($code: String!) { confirmTotp(input: {code: $code}) { userErrors { code } } }', { code });
    expect(list(confirmed, 'data', 'confirmTotp', 'userErrors')).toEqual([]);
    expect([await enter(SECOND), refusal]).toEqual([null, 'TOTP_REQUIRED']);
    await page.reload();
    await keys.activate(button('Tirar segundo fator: Bia Souza'));
    await keys.activate(button('Tirar segundo fator', dialog()));
    await done('Bia Souza: segundo fator desligado.');
    await button('Tirar segundo fator: Bia Souza').waitFor({ state: 'detached' });
    await keepsFocus('Bia Souza');
    expect(await enter(SECOND)).not.toBeNull();
  });

  it('change their name and language', async () => {
    await keys.activate(button('Mudar: Bia Souza'));
    await fill('Nome', 'Beatriz');
    const language = dialog().getByLabel('Língua das mensagens');
    await keys.reach(language);
    await language.selectOption({ label: 'Español' });
    await keys.activate(button('Salvar', dialog()));
    await line('Beatriz').waitFor();
    const answer = await send(demo.http, await enter(SECOND), '{ viewer { displayName locale } }');
    expect([text(answer, 'data', 'viewer', 'displayName'), text(answer, 'data', 'viewer', 'locale')]).toEqual(['Beatriz', 'es']);
  });

  it('of another account are found by its reseller, who may also change the owner', async () => {
    const { page: other } = await openPage(browser, site, { width: 390, theme: 'dark', language: 'en' });
    await logIn(other, demo, 'RESELLER');
    await other.goto(`${site.url}#/users`);
    await other.getByText('Only the account above this one can change these users.').waitFor();
    expect(await other.locator('.user .button').count()).toBe(0);
    await button('Choose another', other).click();
    await other.getByTestId('accounts').getByRole('button').first().click();
    await other.locator('.user', { hasText: 'Owner' }).getByRole('button', { name: /^Disable: / }).waitFor();
    await other.getByLabel('Name or login').fill('beat');
    await button('Search', other).click();
    await other.getByText('1 user', { exact: true }).waitFor();
    expect(await other.locator('.user').count()).toBe(1);
    await button('Choose another', other).click();
    await other.getByRole('radio', { name: 'Other accounts' }).check();
    await other.getByTestId('accounts').getByRole('button', { name: 'Revenda Paulista' }).click();
    await other.getByText('Only the account above this one can change these users.').waitFor();
    await other.context().close();
  });
});
