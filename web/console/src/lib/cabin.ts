import { parseMoney, type CabinView, type CallFields, type Money, type SessionFields, type SessionFigures } from '@callshop/client';

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

export interface LimitUse {
  readonly kind: 'deposit' | 'money' | 'time';
  /** Micros or seconds. */
  readonly left: bigint;
  readonly most: bigint;
}

/** The limit that is nearest to its end; null if the session has none. */
export function limitUse(session: SessionFields, { remaining, remainingSeconds }: SessionFigures): LimitUse | null {
  const uses: LimitUse[] = [];
  const isPrepaid = session.mode === 'PREPAID';
  const bound = isPrepaid ? session.deposit : session.spendingLimit;
  if (remaining !== null && bound !== null) {
    uses.push({ kind: isPrepaid ? 'deposit' : 'money', left: parseMoney(remaining), most: parseMoney(bound) });
  }
  if (remainingSeconds !== null && session.timeLimitSeconds !== null) {
    uses.push({ kind: 'time', left: BigInt(remainingSeconds), most: BigInt(session.timeLimitSeconds) });
  }
  const share = ({ left, most }: LimitUse): number => (most <= 0n ? 0 : Number((left * 1000n) / most));
  return uses.reduce<LimitUse | null>((worst, use) => (worst === null || share(use) < share(worst) ? use : worst), null);
}

export interface Ending {
  /** What is used up first, as far as the page can know. */
  readonly reason: 'deposit' | 'other';
  /** The seconds that are left; null if only the server knows them. */
  readonly seconds: number | null;
}

/** The server announced the end by its own arithmetic, which knows the rate's increments. */
const SLACK_SECONDS = 5;

/** What a screen shows of a call now. */
export interface CallSoFar {
  readonly elapsed: number;
  readonly cost: Money;
}

/**
 * What the server has announced: that the call, or the deposit that pays for it, is about to end. It is null again once a higher deposit or limit
 * lets the call go on. `within` is the shop's `endingSoonSeconds`.
 */
export function endingOf(
  session: SessionFields | null,
  call: CallFields,
  figures: SessionFigures | null,
  soFar: CallSoFar,
  within: number,
): Ending | null {
  if (call.state !== 'ANSWERED') return null;
  const depositLow = session?.depositLow === true;
  if (!call.endingSoon && !depositLow) return null;
  // money is reserved in small steps, so the paid time says the least that is left, not the most
  const paid = Math.max(0, call.maxSeconds - soFar.elapsed);
  const limit = limitSeconds(figures, call, soFar);
  const left = limit === null ? null : Math.max(limit, paid);
  if (paid > within || (left !== null && left > within + SLACK_SECONDS)) return null;
  return { reason: depositLow ? 'deposit' : 'other', seconds: left };
}

/**
 * The seconds that the limits of a session leave for a call at its present price; null if there is no limit. What a call costs grows in steps. What
 * it has cost and what is left of the money are one sum, from which the clock counts down without steps.
 */
function limitSeconds(figures: SessionFigures | null, call: CallFields, { elapsed, cost }: CallSoFar): number | null {
  const { remaining = null, remainingSeconds = null } = figures ?? {};
  const price = call.pricePerMinute === null ? 0n : parseMoney(call.pricePerMinute);
  const fee = call.connectionFee === null ? 0n : parseMoney(call.connectionFee);
  const money = remaining === null ? 0n : parseMoney(remaining) + parseMoney(cost) - fee;
  const byMoney = remaining === null || price <= 0n ? null : Math.max(0, Number((money * 60n) / price) - elapsed);
  if (byMoney === null || remainingSeconds === null) return byMoney ?? remainingSeconds;
  return Math.min(byMoney, remainingSeconds);
}
