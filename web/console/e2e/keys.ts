import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

/** Maximum number of Tab presses; more than any screen has controls. */
const MOST_TABS = 80;

/** A person who uses a page without a mouse. */
export class Keys {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  press(key: string): Promise<void> {
    return this.#page.keyboard.press(key);
  }

  type(text: string): Promise<void> {
    return this.#page.keyboard.type(text);
  }

  /** Presses Tab until the target has the focus. The focus must be visible. */
  async reach(target: Locator): Promise<void> {
    await target.waitFor();
    for (let presses = 0; presses <= MOST_TABS; presses += 1) {
      if (await target.evaluate((element) => element === document.activeElement)) {
        expect(await target.evaluate((element) => element.matches(':focus-visible'))).toBe(true);
        return;
      }
      await this.press('Tab');
    }
    throw new Error(`Tab does not lead to ${await target.evaluate((element) => element.outerHTML.slice(0, 200))}`);
  }

  async activate(target: Locator): Promise<void> {
    await this.reach(target);
    await this.press('Enter');
  }
}
