import type { Page } from 'playwright-core';

/** A carrier's deck whose dates do not show whether the day or the month comes first. Its dates are old, and one price is below cost. */
export const ASKING_DECK = 'Destination;Code;New Rate;Effective\nPortugal;351;0,0100;03/04/2026\nPortugal Mobile;3519;0,9200;03/04/2026\nSpain;34;0,8100;03/04/2026\n';

/** A deck with rows that cannot be used. */
export const BAD_DECK = 'Destination;Code;Rate\nPortugal;351;0.0120\nSpain;34;free\nItaly;3.9E+01;0.02\nFrance;33;0.05\n';

/** Chooses a file in the form of an import. */
export async function chooseDeck(page: Page, name: string, text: string): Promise<void> {
  const file = { name, mimeType: 'text/csv', buffer: Buffer.from(text) };
  await page.locator('[role="dialog"] input[type="file"]').setInputFiles(file);
  await page.locator('[role="dialog"] .file-name', { hasText: name }).waitFor();
}
