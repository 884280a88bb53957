import { costSoFar, elapsedSeconds, parseMoney, type CabinView, type CallFields, type SessionFields } from '@callshop/client';

export type TileState = 'closed' | 'open' | 'dialing' | 'ringing' | 'talking' | 'closing' | 'outOfService';

/** What a tile says in one word. A call says more than the cabin's own state. */
export function tileState({ cabin, session, liveCall }: CabinView): TileState {
  if (cabin.state === 'OUT_OF_SERVICE') return 'outOfService';
  if (liveCall !== null) {
    if (liveCall.state === 'ANSWERED') return 'talking';
    return liveCall.state === 'RINGING' ? 'ringing' : 'dialing';
  }
  if (session === null) return 'closed';
  return session.state === 'CLOSING' ? 'closing' : 'open';
}

function liveCost(call: CallFields | null, now: number): bigint {
  return call === null ? 0n : parseMoney(costSoFar(call, now));
}

/** The bill so far: calls that are over, items, discounts, and the call in progress. */
export function runningTotal(session: SessionFields, call: CallFields | null, now: number): bigint {
  const { callsTotal, itemsTotal, discountsTotal } = session.statement;
  return parseMoney(callsTotal) + parseMoney(itemsTotal) - parseMoney(discountsTotal) + liveCost(call, now);
}

export interface LimitUse {
  readonly kind: 'deposit' | 'money' | 'time';
  /** Micros or seconds. */
  readonly used: bigint;
  readonly most: bigint;
}

/** The limit that is nearest to its end; null if the session has none. `talked` is the talk time of the calls that are over. */
export function limitUse(session: SessionFields, call: CallFields | null, now: number, talked: number): LimitUse | null {
  const spent = parseMoney(session.statement.callsTotal) + liveCost(call, now);
  const uses: LimitUse[] = [];
  if (session.mode === 'PREPAID') uses.push({ kind: 'deposit', used: spent, most: parseMoney(session.deposit) });
  if (session.spendingLimit !== null) uses.push({ kind: 'money', used: spent, most: parseMoney(session.spendingLimit) });
  if (session.timeLimitSeconds !== null) {
    const live = call === null ? 0 : Math.floor(elapsedSeconds(call, now));
    uses.push({ kind: 'time', used: BigInt(talked + live), most: BigInt(session.timeLimitSeconds) });
  }
  const share = (use: LimitUse): number => (use.most <= 0n ? 1 : Number((use.used * 1000n) / use.most) / 1000);
  return uses.reduce<LimitUse | null>((worst, use) => (worst === null || share(use) > share(worst) ? use : worst), null);
}

export function remaining(use: LimitUse): bigint {
  return use.used >= use.most ? 0n : use.most - use.used;
}
