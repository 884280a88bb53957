import { parseMoney, type CabinView, type SessionFields, type SessionFigures } from '@callshop/client';

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
