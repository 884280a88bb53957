import type { CabinView, CallFields, SessionFields, ShopState, UnpaidFields } from '@callshop/client';
import { DATA } from './mock.js';

export const AT = '2026-11-29T12:00:00Z';
export const brl = (amount: string) => ({ amount, currency: 'BRL' });

export function callOf(more: Partial<CallFields> = {}): CallFields {
  return {
    id: 'call',
    cabinId: 'cabin1',
    sessionId: 'session1',
    dialed: '00351912345678',
    number: '+351912345678',
    numberFormatted: '+351 912345678',
    countryCode: 'PT',
    destination: `${DATA}destination`,
    emergency: false,
    state: 'ANSWERED',
    authorizedAt: AT,
    ringingAt: AT,
    answeredAt: AT,
    endedAt: null,
    asOf: AT,
    elapsedSeconds: 30,
    billedSeconds: 0,
    maxSeconds: 600,
    endingSoon: false,
    cost: brl('0.5'),
    pricePerMinute: brl('1'),
    initialPrice: null,
    connectionFee: brl('0'),
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

export function sessionOf(more: Partial<SessionFields> = {}): SessionFields {
  return {
    id: 'session1',
    cabin: { id: 'cabin1' },
    mode: 'POSTPAID',
    state: 'OPEN',
    customer: '',
    spendingLimit: null,
    timeLimitSeconds: null,
    carriedOver: false,
    openedAt: AT,
    closedAt: null,
    settledAt: null,
    receiptNumber: null,
    deposit: brl('0'),
    depositLow: false,
    total: null,
    amountDue: null,
    refundDue: null,
    runningTotal: brl('4.5'),
    remaining: null,
    remainingSeconds: null,
    ...more,
  };
}

export function viewOf(number: number, more: Partial<CabinView> = {}, state: CabinView['cabin']['state'] = 'CLOSED'): CabinView {
  const phone = { id: `phone${number}`, label: `${DATA}phone`, blockedAt: null };
  const cabin = { id: `cabin${number}`, number, label: `${DATA}label`, state, phoneOnline: true, retiredAt: null, phone };
  return { cabin, session: null, liveCall: null, ...more };
}

export function unpaidOf(more: Partial<UnpaidFields> = {}): UnpaidFields {
  return {
    id: 'session9',
    cabin: { id: 'cabin3', number: 3, label: `${DATA}label` },
    state: 'CLOSED',
    customer: `${DATA}customer`,
    closedAt: AT,
    carriedOver: false,
    amountDue: brl('7.5'),
    refundDue: brl('0'),
    ...more,
  };
}

/** A shop with one cabin in each state. */
export function shopOf(more: Partial<ShopState> = {}): ShopState {
  const open = viewOf(4, { session: sessionOf({ id: 'session4', state: 'CLOSING' }) }, 'OPEN');
  return {
    asOf: AT,
    cursor: 'c',
    stale: false,
    lastEvent: null,
    register: { id: 'shift', number: `${DATA}1`, openedAt: AT, openedBy: { id: 'user', displayName: `${DATA}name` } },
    unpaid: [unpaidOf()],
    cabins: [
      viewOf(1, { session: sessionOf({ spendingLimit: brl('5'), remaining: brl('3') }), liveCall: callOf() }, 'IN_CALL'),
      viewOf(2, { session: sessionOf({ id: 'session2', mode: 'PREPAID', deposit: brl('2'), remaining: brl('1') }) }, 'OPEN'),
      viewOf(3),
      { ...open, cabin: { ...open.cabin, phone: null, phoneOnline: null } },
      viewOf(5, {}, 'OUT_OF_SERVICE'),
      viewOf(6, { session: sessionOf({ id: 'session6', timeLimitSeconds: 600, remainingSeconds: 300 }), liveCall: callOf({ state: 'RINGING', emergency: true }) }, 'IN_CALL'),
    ],
    ...more,
  };
}
