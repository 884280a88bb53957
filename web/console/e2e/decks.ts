import type { Page } from 'playwright-core';

/** A carrier's deck whose dates do not show whether the day or the month comes first. The dates are old, and one price is below cost. */
export const ASKING_DECK = 'Destination;Code;New Rate;Effective\nPortugal;351;0,0100;03/04/2026\nPortugal Mobile;3519;0,9200;03/04/2026\nSpain;34;0,8100;03/04/2026\n';

/** A deck with rows that cannot be used, and about which no question helps. */
export const BAD_DECK =
  'prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n351,Portugal,0.0120,0,60,6\n34,Spain,0.02,0,0,6\n33,France,0.05,0,60,99999\n';

/** Chooses a file in the form of an import. */
export async function chooseDeck(page: Page, name: string, text: string): Promise<void> {
  const file = { name, mimeType: 'text/csv', buffer: Buffer.from(text) };
  await page.locator('[role="dialog"] input[type="file"]').setInputFiles(file);
  await page.locator('[role="dialog"] .file-name', { hasText: name }).waitFor();
}

/** A deck without questions. It has more new codes than the server lists for a check. */
export const LARGE_DECK = ['prefix,destination,rate_per_minute', ...Array.from({ length: 5001 }, (_, index) => `23490${1000 + index},Nigeria Mobile,0.5`)].join('\n');
