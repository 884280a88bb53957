import { costSoFar, elapsedSeconds } from './clock.js';
import { decimalsOf, moneyOf, parseMoney, withDecimals } from './money.js';
import type { CallFields, Money, SessionFields } from './types.js';

/** What a session's bill has come to, and what is left of its limits. */
export interface SessionFigures {
  readonly runningTotal: Money;
  /** What the customer may still spend on calls; null without a limit. */
  readonly remaining: Money | null;
  /** Talk time that the customer may still use; null without a limit. */
  readonly remainingSeconds: number | null;
}

/**
 * The server's figures of a session, counted on with its live call. The server's figures are from when the session was read, and contain the call
 * up to then. `now` is this machine's time in milliseconds since 1970.
 */
export function sessionFigures(session: SessionFields, call: CallFields | null, now: number): SessionFigures {
  const { runningTotal, remaining, remainingSeconds } = session;
  if (call?.sessionId !== session.id) {
    return { runningTotal, remaining, remainingSeconds };
  }
  const counted = session.counted?.id === call.id ? session.counted : null;
  const shown = costSoFar(call, now);
  const cost = positive(parseMoney(shown) - (counted === null ? 0n : parseMoney(counted.cost)));
  // as calm as the call's own cost
  const calm = (micros: bigint, like: Money): Money => withDecimals(moneyOf(micros, like.currency), Math.max(decimalsOf(shown), decimalsOf(like)));
  const seconds = Math.max(0, elapsedSeconds(call, now) - (counted?.elapsedSeconds ?? 0));
  return {
    runningTotal: calm(parseMoney(runningTotal) + cost, runningTotal),
    remaining: remaining === null ? null : calm(positive(parseMoney(remaining) - cost), remaining),
    remainingSeconds: remainingSeconds === null ? null : Math.max(0, remainingSeconds - seconds),
  };
}

/** The session after its call has ended with this final cost. */
export function withEnded(session: SessionFields, call: CallFields, now: number): SessionFields {
  return call.sessionId === session.id ? { ...session, ...sessionFigures(session, call, now), counted: null } : session;
}

function positive(micros: bigint): bigint {
  return micros > 0n ? micros : 0n;
}
