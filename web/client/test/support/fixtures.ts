import type { ActivityKind, CabinWithSessionFragment, CallFieldsFragment } from '../../src/generated.js';
import type { ActivityEvent, Money, Session, SessionFields } from '../../src/types.js';

/** An instant this many seconds after the start of the tests' day. */
export function time(seconds: number): string {
  return new Date(Date.UTC(2026, 10, 29, 8) + seconds * 1000).toISOString();
}

export function ms(seconds: number): number {
  return Date.parse(time(seconds));
}

export function brl(amount: string): Money {
  return { amount, currency: 'BRL' };
}

export function call(id: string, more: Partial<CallFieldsFragment> = {}): CallFieldsFragment {
  return {
    id,
    cabinId: 'cabin-1',
    sessionId: 'session-1',
    dialed: '00351912345678',
    number: '+351912345678',
    numberFormatted: '+351 912 345 678',
    countryCode: 'PT',
    destination: 'Portugal Mobile',
    emergency: false,
    state: 'AUTHORIZED',
    authorizedAt: time(0),
    ringingAt: null,
    answeredAt: null,
    endedAt: null,
    asOf: time(0),
    elapsedSeconds: 0,
    billedSeconds: 0,
    maxSeconds: 3600,
    endingSoon: false,
    cost: brl('0'),
    pricePerMinute: brl('0.6'),
    initialPrice: null,
    connectionFee: brl('0.1'),
    minimumCharge: brl('0'),
    initialIncrement: 1,
    increment: 1,
    freeSeconds: 0,
    estimated: false,
    sipCode: null,
    endedBy: null,
    cause: null,
    refusal: null,
    ...more,
  };
}

/** An answered call. */
export function talk(id: string, more: Partial<CallFieldsFragment> = {}): CallFieldsFragment {
  return call(id, { state: 'ANSWERED', ringingAt: time(0), answeredAt: time(0), ...more });
}

export function session(id: string, more: Partial<SessionFields> = {}): SessionFields {
  const zero = brl('0');
  return {
    id,
    cabin: { id: 'cabin-1' },
    mode: 'POSTPAID',
    state: 'OPEN',
    customer: '',
    spendingLimit: null,
    timeLimitSeconds: null,
    carriedOver: false,
    openedAt: time(0),
    closedAt: null,
    settledAt: null,
    receiptNumber: null,
    deposit: zero,
    depositLow: false,
    total: null,
    amountDue: null,
    refundDue: null,
    runningTotal: zero,
    remaining: null,
    remainingSeconds: null,
    ...more,
  };
}

export function cabin(number: number, more: Partial<CabinWithSessionFragment> = {}): CabinWithSessionFragment {
  return {
    id: `cabin-${number}`,
    number,
    label: `Cabin ${number}`,
    state: 'CLOSED',
    phoneOnline: true,
    retiredAt: null,
    phone: { id: `phone-${number}`, label: `Phone ${number}` },
    currentSession: null,
    liveCall: null,
    ...more,
  };
}

export function event(seq: number, kind: ActivityKind, more: Partial<ActivityEvent> = {}): ActivityEvent {
  return { seq, at: time(seq), kind, cabinId: 'cabin-1', sessionId: null, call: null, ...more };
}

export function login(more: Partial<Session> = {}): Session {
  const shop = { id: 'shop', name: 'Shop', currency: 'BRL', timeZone: 'America/Sao_Paulo', locale: 'pt-BR', country: 'BR' };
  return {
    accessToken: 'access-1',
    accessTokenExpiresAt: new Date(Date.now() + 600_000).toISOString(),
    refreshToken: 'refresh-1',
    viewer: { id: 'user', login: 'ana@shop', displayName: 'Ana', role: 'ATTENDANT', permissions: ['OPERATE_CABINS'], account: shop, callshop: shop },
    ...more,
  };
}
