import { costSoFar, elapsedSeconds } from './clock.js';
import { decimalsOf, moneyOf, parseMoney, withDecimals } from './money.js';
import type { CallFields, Money, SessionFields } from './types.js';

/** Running total of a session, and what is left of its limits. */
export interface SessionFigures {
  readonly runningTotal: Money;
  /** Amount that the customer may still spend on calls; null without a limit. */
  readonly remaining: Money | null;
  /** Talk time that the customer may still use; null without a limit. */
  readonly remainingSeconds: number | null;
}

/**
 * The figures of a session, including its live call up to now. The server's figures contain the call only up to the time at which the session was
 * read. `now` is this machine's time in milliseconds since 1970.
 */
export function sessionFigures(session: SessionFields, call: CallFields | null, now: number): SessionFigures {
  const { runningTotal, remaining, remainingSeconds } = session;
  if (call?.sessionId !== session.id) {
    return { runningTotal, remaining, remainingSeconds };
  }
  const counted = session.counted?.id === call.id ? session.counted : null;
  const shown = costSoFar(call, now);
  const cost = positive(parseMoney(shown) - (counted === null ? 0n : parseMoney(counted.cost)));
  // use as many decimals as the call's cost has, so that the width on the screen does not change
  const calm = (micros: bigint, like: Money): Money => withDecimals(moneyOf(micros, like.currency), Math.max(decimalsOf(shown), decimalsOf(like)));
  const seconds = Math.max(0, elapsedSeconds(call, now) - (counted?.elapsedSeconds ?? 0));
  return {
    runningTotal: calm(parseMoney(runningTotal) + cost, runningTotal),
    remaining: remaining === null ? null : calm(positive(parseMoney(remaining) - cost), remaining),
    remainingSeconds: remainingSeconds === null ? null : Math.max(0, remainingSeconds - seconds),
  };
}

/** The session with the final cost of its ended call. */
export function withEnded(session: SessionFields, call: CallFields, now: number): SessionFields {
  return call.sessionId === session.id ? { ...session, ...sessionFigures(session, call, now), counted: null } : session;
}

function positive(micros: bigint): bigint {
  return micros > 0n ? micros : 0n;
}
