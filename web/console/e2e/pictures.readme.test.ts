import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Attendant } from './attendant.js';
import { launch, logIn, openPage, PICTURES, siteOf } from './browser.js';
import { answeredCall, phonesOnline, ringingCall } from './calls.js';
import { beginShift, emptyCabins, finishedCall, openCabin } from './day.js';
import { startDemo, type Demo } from './demo.js';

// Takes the picture in README.md (docs/picture/console.png). The test runs only together with the other pictures, when CALLSHOP_PICTURES is
// set. Copy the picture by hand.

const SIZE = { width: 1280, height: 560 };
const LEAST_SECONDS = 18;

/** The cabins in use, each with a number that its customer called earlier or is calling now. */
const EARLIER: readonly (readonly [number, string])[] = [
  [1, '+390612345678'],
  [2, '+81312345678'],
  [2, '+34912345678'],
  [5, '+351912345678'],
];
const NOW: readonly (readonly [number, string])[] = [
  [1, '+351912345678'],
  [2, '+5491155501234'],
  [3, '+81312345678'],
];

describe.skipIf(PICTURES === '')('the picture of the README', () => {
  let demo: Demo;

  beforeAll(async () => {
    await mkdir(PICTURES, { recursive: true });
    demo = await startDemo({ traffic: false });
    await emptyCabins(demo);
    await beginShift(demo);
    await phonesOnline(demo, [1, 2, 3, 4, 5, 6, 7, 8]);
  });

  afterAll(async () => {
    await demo.stop();
  });

  it('shows a busy board', async () => {
    for (const cabin of [1, 2, 3, 4, 5]) await openCabin(demo, cabin);
    for (const [cabin, dialed] of EARLIER) await finishedCall(demo, cabin, dialed);
    for (const [cabin, dialed] of NOW) await answeredCall(demo, cabin, dialed);
    const site = await siteOf(demo);
    const browser = await launch();
    const { page } = await openPage(browser, site, { width: SIZE.width, theme: 'light', language: 'pt-BR' });
    await page.setViewportSize(SIZE);
    await logIn(page, demo, 'ATTENDANT');
    const ana = new Attendant(page);
    await ana.tile(3, 'talking').waitFor();
    await expect.poll(() => ana.seconds(3), { timeout: 60_000 }).toBeGreaterThanOrEqual(LEAST_SECONDS);
    await ringingCall(demo, 4, '+5511987654321');
    await ana.tile(4, 'ringing').waitFor();
    await page.screenshot({ path: join(PICTURES, 'console.png'), animations: 'disabled' });
    await browser.close();
    await site.close();
  });
});
