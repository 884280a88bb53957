import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { launch, logIn, openPage, siteOf, type Look } from './browser.js';
import { check } from './check.js';
import { busyDay } from './day.js';
import { startDemo, type Demo } from './demo.js';
import { SCREENS } from './screens.js';
import type { Site } from './site.js';
import { newPrices } from './tariffday.js';
import { newWebhooks, startReceiver, type Receiver } from './webhookday.js';

// the tests use each theme and each width once; `npm run pictures` checks all combinations
const LOOKS: readonly Look[] = [
  { theme: 'light', width: 1280, language: 'pt-BR' },
  { theme: 'dark', width: 390, language: 'pt-BR' },
];

// The roles in the order of their first screens. Each role logs in once.
const ROLES = ['ATTENDANT', 'CALLSHOP_OWNER', 'RESELLER'] as const;

describe('accessibility', () => {
  let demo: Demo;
  let receiver: Receiver;
  let site: Site;
  let browser: Browser;

  beforeAll(async () => {
    demo = await startDemo({ traffic: false });
    await busyDay(demo);
    await newPrices(demo);
    receiver = await startReceiver();
    await newWebhooks(demo, receiver);
    site = await siteOf(demo);
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
    await site.close();
    receiver.close();
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
