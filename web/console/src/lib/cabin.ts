import { parseMoney, type CabinView, type CallFields, type Money, type SessionFields, type SessionFigures } from '@callshop/client';

export type TileState = 'closed' | 'open' | 'dialing' | 'ringing' | 'talking' | 'closing' | 'outOfService';

/** The state that a tile shows. During a call, this is the call's state, which is more precise than the cabin's state. */
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

/** The limit that has the smallest share left; null if the session has no limit. */
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
  /** The limit that is probably used up first. */
  readonly reason: 'deposit' | 'other';
  /** The remaining seconds; null if this page cannot compute them. */
  readonly seconds: number | null;
}

/** Tolerance in seconds: the server computes the end with the rate's increments, but this page uses only the price. */
const SLACK_SECONDS = 5;

/** Time and cost of a call as currently shown. */
export interface CallSoFar {
  readonly elapsed: number;
  readonly cost: Money;
}

/**
 * Returns why and when the call will end, if the server has announced the end of the call, or of the deposit that pays for the call. The result is
 * null again once a higher deposit or limit lets the call continue. `within` is the shop's `endingSoonSeconds`.
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
  // money is reserved in small steps, so the paid time is the minimum that is left, not the maximum
  const paid = Math.max(0, call.maxSeconds - soFar.elapsed);
  const limit = limitSeconds(figures, call, soFar);
  const left = limit === null ? null : Math.max(limit, paid);
  if (paid > within || (left !== null && left > within + SLACK_SECONDS)) return null;
  return { reason: depositLow ? 'deposit' : 'other', seconds: left };
}

/**
 * The seconds that the session's limits leave for a call at its current price; null if there is no limit. The cost of a call grows in steps, but the
 * sum of its cost and the remaining money is constant, so the result counts down smoothly.
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
