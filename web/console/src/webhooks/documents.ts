import type { Viewer } from '@callshop/client';

export const READY = ['prices', 'credit', 'calls', 'cabins', 'payments'] as const;
export type Ready = (typeof READY)[number];

const KINDS: Readonly<Record<Ready, readonly string[]>> = {
  prices: ['IMPORT_WAITS', 'IMPORT_ENDED', 'VERSION_SCHEDULED', 'VERSION_CANCELED', 'VERSION_IN_FORCE', 'VERSION_DERIVED', 'COST_CHANGED'],
  credit: ['CREDIT_CHANGED', 'CREDIT_LOW'],
  calls: ['CALL_ENDED', 'CALL_FAILED', 'CALL_REFUSED'],
  cabins: ['CABIN_OPENED', 'CABIN_CLOSED'],
  payments: ['SESSION_SETTLED', 'SESSION_REFUNDED', 'SESSION_VOIDED'],
};

const CALL = 'call { id number destination state answeredAt endedAt billedSeconds cost { amount currency } }';

const EVENTS: Readonly<Record<Ready, string>> = {
  prices: 'seq at kind subjectId',
  credit: 'seq at kind',
  calls: `seq at kind cabinId sessionId ${CALL}`,
  cabins: 'seq at kind cabinId sessionId',
  payments: 'seq at kind cabinId sessionId',
};

/** The ready documents for a user: a callshop has no feed of its own, and the accounts above receive the events of all their callshops. */
export function readyDocuments({ account, callshop }: Pick<Viewer, 'account' | 'callshop'>): ReadonlyMap<Ready, string> {
  const names = READY.filter((name) => callshop === null || name !== 'prices');
  return new Map(names.map((name) => [name, documentOf(name, account.id, callshop !== null)]));
}

function documentOf(name: Ready, id: string, isShop: boolean): string {
  const ofFeed = !isShop && (name === 'prices' || name === 'credit');
  const field = isShop ? 'callshopActivity' : ofFeed ? 'accountFeed' : 'accountActivity';
  const argument = isShop ? 'callshopId' : 'accountId';
  const shop = field === 'accountActivity' ? ['    callshopId'] : [];
  return [
    'subscription {',
    `  ${field}(${argument}: ${JSON.stringify(id)}, kinds: [${KINDS[name].join(', ')}]) {`,
    ...shop,
    '    cursorExpired',
    `    event { ${EVENTS[name]} }`,
    '  }',
    '}',
  ].join('\n');
}

/** The ready document with this text; null if a person wrote or changed the text. */
export function readyOf(text: string, documents: ReadonlyMap<Ready, string>): Ready | null {
  return [...documents].find(([, document]) => document === text)?.[0] ?? null;
}
