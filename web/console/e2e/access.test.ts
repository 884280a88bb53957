import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, logIn, openPage, siteOf, type Look } from './browser.js';
import { busyDay } from './day.js';
import { startDemo, type Demo } from './demo.js';
import { SCREENS } from './screens.js';
import type { Site } from './site.js';

// each theme and each width once; CALLSHOP_PICTURES asks for all four
const ALL: readonly Look[] = (['light', 'dark'] as const).flatMap((theme) =>
  [1280, 390].map((width) => ({ theme, width, language: 'pt-BR' as const })),
);
const LOOKS = process.env.CALLSHOP_PICTURES === undefined ? ALL.filter(({ theme, width }) => (theme === 'dark') === (width === 390)) : ALL;

// The roles in the order of the screens, so that each logs in once.
const ROLES = ['ATTENDANT', 'CALLSHOP_OWNER', 'RESELLER'] as const;

describe('accessibility', () => {
  let demo: Demo;
  let site: Site;
  let browser: Browser;

  beforeAll(async () => {
    demo = await startDemo({ traffic: false });
    await busyDay(demo);
    site = await siteOf(demo);
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
    await site.close();
    await demo.stop();
  });

  describe.each(LOOKS.map((look) => [`${look.width} px, ${look.theme}`, look] as const))('at %s', (_name, look) => {
    it.each(ROLES)('finds nothing on the screens of %s', { timeout: 600_000 }, async (role) => {
      const { page } = await openPage(browser, site, look);
      if (role === 'ATTENDANT') {
        await page.locator('.login-card').waitFor();
        await check(page, 'login');
      }
      await logIn(page, demo, role);
      for (const screen of SCREENS.filter((candidate) => candidate.role === role)) {
        await screen.visit(page, demo);
        await check(page, screen.name);
        await page.keyboard.press('Escape');
        await page.locator('[role="dialog"]').first().waitFor({ state: 'detached' });
      }
      await page.context().close();
    });
  });
});

/** Asks axe, and whether anything is wider than the window. */
async function check(page: Page, screen: string): Promise<void> {
  // the receipt is the server's page, in a frame where no script runs, not even axe
  const { violations } = await new AxeBuilder({ page }).exclude('.receipt-paper').analyze();
  const found = violations.map(({ id, nodes }) => `${screen}: ${id} at ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
  expect(found).toEqual([]);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect([screen, wide]).toEqual([screen, 0]);
}
