import type { Page } from 'playwright-core';
import { ACCOUNT_SCREENS } from './accountScreens.js';
import { ASKING_DECK, BAD_DECK, chooseDeck } from './decks.js';
import { DERIVED } from './tariffday.js';
import { at, dialog, settled, type Screen } from './visit.js';

async function wall(page: Page): Promise<void> {
  await at(page, '#/wall');
  await page.locator('.shop-live').first().waitFor();
}

/** Opens a tariff with its changes and rates. */
async function tariff(page: Page, name: string): Promise<void> {
  await at(page, '#/tariffs');
  await page.locator('.choice', { hasText: name }).click();
  await page.locator('.choice[aria-pressed="true"]', { hasText: name }).waitFor();
  await compared(page);
}

async function compared(page: Page): Promise<void> {
  await page.locator('[data-testid="comparison"] dl').first().waitFor();
  await page.locator('.rates').waitFor();
  await settled(page);
}

/** Opens the draft of the retail tariff. */
async function draft(page: Page): Promise<void> {
  await tariff(page, 'Counter');
  await page.locator('.tariff .chip').first().click();
  await page.locator('.tariff .chip').first().and(page.locator('[aria-pressed="true"]')).waitFor();
  await compared(page);
}

/** Checks a deck, which becomes the import of the retail tariff that the page shows. */
async function checkDeck(page: Page, name: string, text: string): Promise<void> {
  await tariff(page, 'Counter');
  await page.locator('.tariff > .card').first().locator('.line-actions .button').last().click();
  await dialog(page);
  await chooseDeck(page, name, text);
  await page.locator('[role="dialog"] .button-primary').click();
  await page.locator('[role="dialog"]').waitFor({ state: 'detached' });
}

async function webhooks(page: Page): Promise<void> {
  await at(page, '#/webhooks');
  await page.locator('.deliveries').waitFor();
}

/** Pauses the shown webhook, unless it is paused already. */
async function pauseWebhook(page: Page): Promise<void> {
  const first = page.locator('[data-testid="webhook"] .line-actions .button').first();
  const resume = first.and(page.locator('.button-primary'));
  if ((await resume.count()) === 0) await first.click();
  await resume.waitFor();
}

function tile(page: Page, state: string) {
  return page.locator(`.tile[data-state="${state}"]`).first();
}

export const SCREENS: readonly Screen[] = [
  { name: 'board', role: 'ATTENDANT', visit: (page) => at(page, '#/board') },
  {
    name: 'open-cabin',
    role: 'ATTENDANT',
    visit: async (page) => {
      await at(page, '#/board');
      await tile(page, 'closed').locator('.button-open').click();
      await dialog(page);
    },
  },
  {
    name: 'open-prepaid',
    role: 'ATTENDANT',
    visit: async (page) => {
      await at(page, '#/board');
      await tile(page, 'closed').locator('.button-open').click();
      await dialog(page);
      const segments = page.locator('[role="dialog"] .segments');
      await segments.first().getByRole('radio').last().check();
      // all payment methods except cash have a reference
      await segments.last().getByRole('radio').last().check();
    },
  },
  {
    name: 'prepaid',
    role: 'ATTENDANT',
    visit: async (page) => {
      await at(page, '#/board');
      await page.locator('.tile[data-cabin="3"] .tile-cover').click();
      await dialog(page);
      await page.locator('#deposit').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'cabin',
    role: 'ATTENDANT',
    visit: async (page) => {
      await at(page, '#/board');
      await tile(page, 'talking').locator('.tile-cover').click();
      await dialog(page);
      await page.locator('#calls-so-far').waitFor();
    },
  },
  {
    name: 'close-cabin',
    role: 'ATTENDANT',
    visit: async (page) => {
      await at(page, '#/board');
      await tile(page, 'talking').locator('.button-close').click();
      await dialog(page);
    },
  },
  {
    name: 'bill',
    role: 'ATTENDANT',
    visit: async (page) => {
      await at(page, '#/board');
      await page.locator('.unpaid .chip').first().click();
      await dialog(page);
      await page.locator('[data-testid="amount-due"]').waitFor();
    },
  },
  {
    name: 'settle-pix',
    role: 'ATTENDANT',
    visit: async (page) => {
      await at(page, '#/board');
      await page.locator('.unpaid .chip').first().click();
      await dialog(page);
      await page.locator('.payment-row select').first().selectOption('PIX');
      await page.locator('.pix svg').waitFor();
      await page.locator('.pix').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'printed-bill',
    role: 'ATTENDANT',
    visit: async (page) => {
      await at(page, '#/board');
      await page.locator('.unpaid .chip').first().click();
      await dialog(page);
      await page.locator('.bill-side > .button').first().click();
      await page.frameLocator('.receipt-paper').locator('body *').first().waitFor();
    },
  },
  {
    name: 'receipt',
    role: 'ATTENDANT',
    visit: async (page) => {
      await at(page, '#/receipts');
      await page.locator('tr', { has: page.locator('.badge-SETTLED') }).first().locator('button').click();
      await dialog(page);
      await page.frameLocator('.receipt-paper').locator('body *').first().waitFor();
    },
  },
  { name: 'receipts', role: 'ATTENDANT', visit: (page) => at(page, '#/receipts') },
  { name: 'register', role: 'ATTENDANT', visit: (page) => at(page, '#/register') },
  {
    name: 'z-report',
    role: 'ATTENDANT',
    visit: async (page) => {
      await at(page, '#/register');
      await page.locator('.card > .lines .button-small').last().click();
      await dialog(page);
    },
  },
  {
    name: 'prices',
    role: 'ATTENDANT',
    visit: async (page) => {
      await at(page, '#/prices');
      const fields = page.locator('.price-form input');
      await fields.nth(0).fill('00351912345678');
      await fields.nth(1).fill('5');
      await page.locator('.price-form button').click();
      await page.locator('.quote').waitFor();
      await settled(page);
    },
  },
  { name: 'settings', role: 'ATTENDANT', visit: (page) => at(page, '#/settings') },
  {
    name: 'help',
    role: 'ATTENDANT',
    visit: async (page) => {
      await at(page, '#/board');
      await page.keyboard.press('?');
      await dialog(page);
    },
  },
  { name: 'register-owner', role: 'CALLSHOP_OWNER', visit: (page) => at(page, '#/register') },
  { name: 'problems', role: 'CALLSHOP_OWNER', visit: (page) => at(page, '#/problems') },
  { name: 'report', role: 'CALLSHOP_OWNER', visit: (page) => at(page, '#/report') },
  { name: 'settings-owner', role: 'CALLSHOP_OWNER', visit: (page) => at(page, '#/settings') },
  { name: 'equipment', role: 'CALLSHOP_OWNER', visit: (page) => at(page, '#/equipment') },
  { name: 'wall', role: 'RESELLER', visit: (page) => wall(page) },
  {
    name: 'top-up',
    role: 'RESELLER',
    visit: async (page) => {
      await wall(page);
      await page.locator('.shop .button-primary').first().click();
      await dialog(page);
    },
  },
  { name: 'phones', role: 'RESELLER', visit: (page, demo) => at(page, `#/equipment/${demo.callshopId}`) },
  { name: 'shop-board', role: 'RESELLER', visit: (page, demo) => at(page, `#/board/${demo.callshopId}`) },
  { name: 'tariffs', role: 'RESELLER', visit: (page) => tariff(page, 'Callshops') },
  { name: 'tariff-derived', role: 'RESELLER', visit: (page) => tariff(page, DERIVED) },
  {
    name: 'derive',
    role: 'RESELLER',
    visit: async (page) => {
      await tariff(page, DERIVED);
      await page.locator('[data-testid="derivation"] .button').first().click();
      await dialog(page);
    },
  },
  {
    name: 'tariff-draft',
    role: 'RESELLER',
    visit: async (page) => {
      await draft(page);
      await page.locator('[data-testid="impact"] .button').click();
      await page.locator('[data-testid="impact"] dl').waitFor();
    },
  },
  {
    name: 'activate',
    role: 'RESELLER',
    visit: async (page) => {
      await draft(page);
      await page.locator('.tariff .button-primary').click();
      await dialog(page);
    },
  },
  {
    name: 'activate-later',
    role: 'RESELLER',
    visit: async (page) => {
      await draft(page);
      await page.locator('.tariff .button-primary').click();
      await dialog(page);
      await page.locator('[role="dialog"]').getByRole('radio').last().check();
    },
  },
  {
    name: 'compared',
    role: 'RESELLER',
    visit: async (page) => {
      await draft(page);
      const other = page.locator('[data-testid="comparison"] select');
      // the oldest version, because the imports for other screenshots may have made equal drafts
      await other.selectOption({ index: (await other.locator('option').count()) - 1 });
      await page.locator('.rates-changed').waitFor();
      await compared(page);
    },
  },
  {
    name: 'import',
    role: 'RESELLER',
    visit: async (page) => {
      await tariff(page, 'Counter');
      await page.locator('.tariff > .card').first().locator('.line-actions .button').last().click();
      await dialog(page);
      await chooseDeck(page, 'atlantico-2026-12.csv', ASKING_DECK);
    },
  },
  {
    name: 'import-failed',
    role: 'RESELLER',
    visit: async (page) => {
      await checkDeck(page, 'atlantico-2026-12.csv', BAD_DECK);
      await page.locator('[data-testid="problems"]').waitFor();
    },
  },
  {
    name: 'import-asks',
    role: 'RESELLER',
    visit: async (page) => {
      await checkDeck(page, 'atlantico-2026-12.csv', ASKING_DECK);
      await page.locator('.question').waitFor();
    },
  },
  {
    name: 'import-checked',
    role: 'RESELLER',
    visit: async (page) => {
      await page.locator('.answers .chip').first().click();
      await page.locator('.save-mapping').waitFor();
      await page.locator('[data-testid="import"] [data-testid="changed-rates"] table').waitFor();
      for (const summary of await page.locator('[data-testid="import"] summary').all()) await summary.click();
    },
  },
  {
    name: 'import-discard',
    role: 'RESELLER',
    visit: async (page) => {
      // beside the button is the one that closes the card without discarding the import
      await page.locator('[data-testid="import"] > .line-actions .button-plain').last().click();
      await dialog(page);
    },
  },
  {
    name: 'import-later',
    role: 'RESELLER',
    visit: async (page) => {
      await page.locator('[data-testid="start"]').getByRole('radio').last().check();
      await page.locator('[data-testid="start"] input[type="date"]').waitFor();
    },
  },
  {
    name: 'import-done',
    role: 'RESELLER',
    visit: async (page) => {
      await page.locator('[data-testid="start"]').getByRole('radio').first().check();
      await page.locator('[data-testid="start"] .button-primary').click();
      await page.locator('[data-testid="import"] .button-primary').getByText(/\d/).waitFor();
      await compared(page);
    },
  },
  {
    name: 'new-tariff',
    role: 'RESELLER',
    visit: async (page) => {
      await at(page, '#/tariffs');
      await page.locator('.screen-head .button').first().click();
      await dialog(page);
      await page.locator('[role="dialog"] .stack .button').click();
      await page.locator('.band .segment').last().click();
      await page.locator('.band input').first().fill('Noite');
    },
  },
  { name: 'webhooks', role: 'RESELLER', visit: (page) => webhooks(page) },
  {
    name: 'webhook-new',
    role: 'RESELLER',
    visit: async (page) => {
      await webhooks(page);
      await page.locator('.screen-head .button').first().click();
      await dialog(page);
    },
  },
  {
    name: 'webhook-secret',
    role: 'RESELLER',
    visit: async (page) => {
      await webhooks(page);
      await page.locator('[data-testid="webhook"] .line-actions .button').nth(3).click();
      await page.locator('[role="dialog"] .button-close').click();
      await page.locator('[role="dialog"] input[readonly]').waitFor();
    },
  },
  {
    name: 'webhook-paused',
    role: 'RESELLER',
    visit: async (page) => {
      await webhooks(page);
      await pauseWebhook(page);
    },
  },
  {
    name: 'webhook-resume',
    role: 'RESELLER',
    visit: async (page) => {
      await webhooks(page);
      await pauseWebhook(page);
      await page.locator('[data-testid="webhook"] .line-actions .button').first().click();
      await dialog(page);
    },
  },
  ...ACCOUNT_SCREENS,
];
