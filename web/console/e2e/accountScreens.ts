import type { Page } from 'playwright-core';
import { at, dialog, type Screen } from './visit.js';

async function users(page: Page, shopId: string | null = null): Promise<void> {
  await at(page, shopId === null ? '#/users' : `#/users/${shopId}`);
  await page.locator('.user').first().waitFor();
}

async function statement(page: Page, shopId: string | null = null): Promise<void> {
  await at(page, shopId === null ? '#/statements' : `#/statements/${shopId}`);
  await page.locator('.statement').waitFor();
}

/** The screens about an account's users and its statement. */
export const ACCOUNT_SCREENS: readonly Screen[] = [
  { name: 'users-owner', role: 'CALLSHOP_OWNER', visit: (page) => users(page) },
  {
    name: 'user-new',
    role: 'CALLSHOP_OWNER',
    visit: async (page) => {
      await users(page);
      await page.locator('.screen-head .button').click();
      await dialog(page);
      await page.locator('[role="dialog"] form .button').waitFor();
      const fields = page.locator('[role="dialog"] .field input');
      for (const [index, text] of ['Bia', 'bia@', 'aaaaaaaaaa'].entries()) await fields.nth(index).fill(text);
      await page.locator('[role="dialog"] form .button').click();
      await page.locator('[role="dialog"] .problem').waitFor();
    },
  },
  {
    name: 'user-edit',
    role: 'CALLSHOP_OWNER',
    visit: async (page) => {
      await users(page);
      await page.locator('.user .button').first().click();
      await dialog(page);
    },
  },
  {
    name: 'user-password',
    role: 'CALLSHOP_OWNER',
    visit: async (page) => {
      await users(page);
      await page.locator('.user .button').nth(1).click();
      await dialog(page);
    },
  },
  {
    name: 'user-disable',
    role: 'CALLSHOP_OWNER',
    visit: async (page) => {
      await users(page);
      await page.locator('.user .button').nth(2).click();
      await dialog(page);
    },
  },
  { name: 'statement-owner', role: 'CALLSHOP_OWNER', visit: (page) => statement(page) },
  { name: 'users', role: 'RESELLER', visit: (page) => users(page) },
  {
    name: 'choose-account',
    role: 'RESELLER',
    visit: async (page) => {
      await users(page);
      await page.locator('.account-bar .button').click();
      await dialog(page);
    },
  },
  { name: 'users-shop', role: 'RESELLER', visit: (page, demo) => users(page, demo.callshopId) },
  { name: 'statement', role: 'RESELLER', visit: (page) => statement(page) },
  { name: 'statement-shop', role: 'RESELLER', visit: (page, demo) => statement(page, demo.callshopId) },
];
