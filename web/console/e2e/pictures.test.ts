import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, logIn, openPage, PICTURES, siteOf, type Look } from './browser.js';
import { startDemo, type Demo } from './demo.js';
import { check } from './check.js';
import { busyDay } from './day.js';
import { SCREENS } from './screens.js';
import type { Site } from './site.js';
import { newPrices } from './tariffday.js';
import { newWebhooks, startReceiver, type Receiver } from './webhookday.js';

// Takes a picture of every screen in each width, theme and language, and checks the screen with axe. The test runs only if CALLSHOP_PICTURES is set.
const only = (process.env.CALLSHOP_PICTURES_ONLY ?? '').split(',').filter((name) => name !== '');

const LOOKS: readonly Look[] = (['pt-BR', 'en', 'es'] as const).flatMap((language) =>
  (['light', 'dark'] as const).flatMap((theme) => [1280, 390].map((width) => ({ language, theme, width }))),
);

describe.skipIf(PICTURES === '')('pictures', () => {
  let demo: Demo;
  let receiver: Receiver;
  let site: Site;
  let browser: Browser;

  beforeAll(async () => {
    await mkdir(PICTURES, { recursive: true });
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

  const looks = only.length === 0 ? LOOKS : LOOKS.filter((look) => only.includes(nameOf(look)));

  it.each(looks.map((look) => [nameOf(look), look] as const))('%s', { timeout: 900_000 }, async (name, look) => {
    const shoot = async (page: Page, screen: string): Promise<void> => {
      // a dialog covers the page, so its picture shows only the visible part
      const isPage = (await page.locator('[role="dialog"]').count()) === 0;
      const window = page.viewportSize();
      // make the window as high as the page, so that the bar at the bottom does not cover the middle of the page
      if (isPage) await page.setViewportSize({ width: look.width, height: await page.evaluate(() => document.documentElement.scrollHeight) });
      await page.screenshot({ path: join(PICTURES, `${screen}-${name}.png`), animations: 'disabled' });
      if (window !== null) await page.setViewportSize(window);
      await check(page, screen);
    };
    const roles = new Set(SCREENS.map((screen) => screen.role));
    for (const role of roles) {
      const { page, complaints } = await openPage(browser, site, look);
      if (role === 'ATTENDANT') {
        await page.locator('.login-card').waitFor();
        await shoot(page, 'login');
      }
      await logIn(page, demo, role);
      for (const screen of SCREENS.filter((candidate) => candidate.role === role)) {
        await screen.visit(page, demo);
        await shoot(page, screen.name);
        await page.keyboard.press('Escape');
        await page.locator('[role="dialog"]').first().waitFor({ state: 'detached' });
      }
      await page.context().close();
      expect(complaints).toEqual([]);
    }
  });
});

function nameOf(look: Look): string {
  return `${look.width}-${look.theme}-${look.language}`;
}
