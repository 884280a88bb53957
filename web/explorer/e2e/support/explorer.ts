import type { Page } from 'playwright-core';
import type { DemoUser } from './demo';

/** The explorer as its user sees it. */
export class ExplorerPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async open(origin: string): Promise<void> {
    await this.page.goto(`${origin}/explorer/`);
    await this.page.locator('.graphiql-query-editor .view-line').first().waitFor();
  }

  async logIn(user: Pick<DemoUser, 'login' | 'password'>): Promise<void> {
    await this.askForLogin();
    await this.page.getByLabel('Login', { exact: true }).fill(user.login);
    await this.page.getByLabel('Password').fill(user.password);
    await this.submitLogin();
  }

  async pasteToken(token: string): Promise<void> {
    await this.askForLogin();
    await this.page.getByLabel('or paste an access token').fill(token);
    await this.submitLogin();
  }

  logOut(): Promise<void> {
    return this.page.getByRole('button', { name: 'Log out' }).click();
  }

  async who(): Promise<string> {
    return (await this.page.locator('.who').innerText()).replaceAll(/\s+/g, ' ');
  }

  /** Waits until the header shows the name of this user. */
  async waitFor(name: string): Promise<void> {
    await this.page.locator('.who', { hasText: name }).waitFor();
  }

  ready(): Promise<string[]> {
    return this.page.locator('.operations > div button').allInnerTexts();
  }

  async choose(title: string): Promise<void> {
    const before = await this.document();
    await this.page.getByRole('button', { name: title, exact: true }).click();
    await this.page.waitForFunction(
      (text) => document.querySelector('.graphiql-query-editor .view-lines')?.textContent !== text,
      before,
    );
  }

  document(): Promise<string | null> {
    return this.page.locator('.graphiql-query-editor .view-lines').textContent();
  }

  async write(document: string): Promise<void> {
    await this.page.locator('.graphiql-query-editor .monaco-editor').click();
    await this.page.keyboard.press('ControlOrMeta+a');
    await this.page.keyboard.insertText(document);
  }

  async run(): Promise<void> {
    await this.page.getByRole('button', { name: /^Execute query/ }).click();
  }

  async stop(): Promise<void> {
    await this.page.getByRole('button', { name: /^Stop query/ }).click();
  }

  async status(text: RegExp): Promise<void> {
    await this.page.locator('.answer .status', { hasText: text }).waitFor();
  }

  async response(): Promise<string> {
    // the editor draws spaces as non-breaking spaces
    return ((await this.page.locator('.result-window .view-lines').textContent()) ?? '').replaceAll('\u00a0', ' ');
  }

  private async askForLogin(): Promise<void> {
    await this.page.getByRole('banner').getByRole('button', { name: /^(Log in|Switch user)$/ }).click();
  }

  private async submitLogin(): Promise<void> {
    await this.page.locator('dialog').getByRole('button', { name: 'Log in' }).click();
  }
}
