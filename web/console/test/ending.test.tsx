import type { ActivityEvent, ShopState } from '@callshop/client';
import { afterEach, describe, expect, it } from 'vitest';
import { AT, brl, callOf, sessionOf, shopOf, viewOf } from './fixtures.js';
import { fakeClient } from './mock.js';
import { find, language, LANGUAGES, openAt, soon, type Opened } from './page.js';

let opened: Opened | null = null;

afterEach(() => {
  opened?.close();
  opened = null;
});

/** A shop whose first cabin has a call that is about to end, and the event that announces the end. */
function endingShop(kind: ActivityEvent['kind']): ShopState {
  const call = callOf({ endingSoon: true, asOf: new Date().toISOString(), answeredAt: new Date().toISOString(), elapsedSeconds: 0, maxSeconds: 20, cost: brl('0') });
  const session = sessionOf({ mode: 'PREPAID', deposit: brl('5'), remaining: brl('0.7'), depositLow: kind === 'DEPOSIT_LOW' });
  const lastEvent = { seq: 7, at: AT, kind, cabinId: 'cabin1', sessionId: session.id, call };
  return shopOf({ cabins: [viewOf(1, { session, liveCall: call }, 'IN_CALL')], lastEvent });
}

describe.each(Object.entries(LANGUAGES))('in %s', (name, { announce, ending }) => {
  it.each([
    ['CALL_ENDING_SOON', ending.other],
    ['DEPOSIT_LOW', ending.deposit],
  ] as const)('%s counts down on the tile and is announced when the reader is idle', { timeout: 240_000 }, async (kind, text) => {
    const fake = fakeClient('ATTENDANT', endingShop(kind), { 'Callshop.endingSoonSeconds': 60 });
    opened = await openAt(fake, await language(name), '#/board');
    const note = await find('.tile[data-cabin="1"] .ending');
    const [before = '', after = ''] = text.split('{{time}}');
    const seconds = (): number => {
      const shown = note.textContent;
      expect(shown.startsWith(before) && shown.endsWith(after)).toBe(true);
      return Number(/0:(\d\d)/.exec(shown)?.[1]);
    };
    const first = seconds();
    expect(first).toBeGreaterThan(20);
    expect(first).toBeLessThanOrEqual(42);
    await soon(() => {
      expect(seconds()).toBeLessThan(first);
    });
    const polite = announce[kind].replace('{{cabin}}', '1');
    expect(Array.from(document.querySelectorAll('[role="status"]'), (region) => region.textContent)).toContain(polite);
    expect(Array.from(document.querySelectorAll('[role="alert"]'), (region) => region.textContent)).not.toContain(polite);
  });
});
