import type { Page } from 'playwright-core';
import type { Demo } from './demo.js';

/** A screen or a dialog, and the steps that open it. */
export interface Screen {
  readonly name: string;
  readonly role: 'ATTENDANT' | 'CALLSHOP_OWNER' | 'RESELLER';
  readonly visit: (page: Page, demo: Demo) => Promise<void>;
}

export async function at(page: Page, hash: string): Promise<void> {
  await page.evaluate((wanted) => {
    window.location.hash = wanted;
  }, hash);
  await settled(page);
}

/** Waits until nothing on the page is loading. */
export async function settled(page: Page): Promise<void> {
  await page.locator('#main .screen, #main .note').first().waitFor();
  await page.locator('.spinner').first().waitFor({ state: 'detached' });
}

export async function dialog(page: Page): Promise<void> {
  await page.locator('[role="dialog"]').first().waitFor();
  await page.locator('.dialog .spinner').first().waitFor({ state: 'detached' });
}
