import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Checks the page with axe, and checks that nothing is wider than the window or than its card or dialog. */
export async function check(page: Page, screen: string): Promise<void> {
  // leave out the receipt: it is the server's page, in a frame where no script can run, not even axe
  const { violations } = await new AxeBuilder({ page }).exclude('.receipt-paper').analyze();
  const found = violations.map(({ id, nodes }) => `${screen}: ${id} at ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
  expect(found).toEqual([]);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect([screen, wide]).toEqual([screen, 0]);
  const cut = await page.evaluate(() =>
    Array.from(document.querySelectorAll('.card, .dialog-body, .tile'))
      .filter((part) => part.scrollWidth > part.clientWidth + 1)
      .map((part) => `${part.className}: ${part.scrollWidth - part.clientWidth} px`),
  );
  expect([screen, cut]).toEqual([screen, []]);
}
