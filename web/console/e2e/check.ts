import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Asks axe, and whether anything is wider than the window. */
export async function check(page: Page, screen: string): Promise<void> {
  // the receipt is the server's page, in a frame where no script runs, not even axe
  const { violations } = await new AxeBuilder({ page }).exclude('.receipt-paper').analyze();
  const found = violations.map(({ id, nodes }) => `${screen}: ${id} at ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
  expect(found).toEqual([]);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect([screen, wide]).toEqual([screen, 0]);
}
