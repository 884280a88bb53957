import { decimalsOf, moneyOf, parseMoney, withDecimals } from './money.js';
import type { CallClock, CallFields, Money } from './types.js';

/**
 * Talk time of a call in whole seconds, as the server counts it: rounded up, and never more than the seconds that are paid for.
 * `now` is this machine's time in milliseconds since 1970.
 */
export function elapsedSeconds(call: CallFields, now: number): number {
  const talked = talkedMs(call, now);
  if (talked === null) {
    return call.elapsedSeconds;
  }
  const counted = Math.min(Math.ceil(talked / 1000), call.maxSeconds);
  return Math.max(counted, call.elapsedSeconds, call.clock?.leastSeconds ?? 0);
}

/** Most decimals that a cost is expected to have: a tariff rounds to four unless it says otherwise. */
const USUAL_DECIMALS = 4;

/**
 * What the call costs the customer so far: the server's last exact figure, which comes every two seconds. It is always an amount that the call can cost,
 * because only the server knows the rate's increments, bands and minimum. It never shrinks, and it keeps its number of decimals while the call goes
 * on ("0.1700" after "0.1542"), so that a screen stays calm. The cost does not depend on `now`; the parameter is that of {@link elapsedSeconds}.
 */
export const costSoFar: (call: CallFields, now: number) => Money = (call) => {
  if (call.endedAt !== null || call.pricePerMinute === null) {
    return call.cost;
  }
  const { currency } = call.cost;
  const shown = { amount: call.clock?.leastCost ?? '0', currency };
  const most = parseMoney(call.cost) > parseMoney(shown) ? call.cost : shown;
  return withDecimals(most, Math.max(decimalsOf(call.cost), decimalsOf(shown), expectedDecimals(call, call.pricePerMinute)));
};

/** The clock of a call that has just arrived; `before` is the same call as it was known until now. */
export function clockOf(before: CallFields | undefined, skewMs: number, now: number): CallClock {
  if (before === undefined) {
    return { skewMs, leastSeconds: 0, leastCost: '0' };
  }
  // no second and no cent that a screen has shown is taken back while the call goes on
  return { skewMs, leastSeconds: elapsedSeconds(before, now), leastCost: costSoFar(before, now).amount };
}

/** Milliseconds of talk until now; null if the call is not being charged. */
function talkedMs(call: CallFields, now: number): number | null {
  if (call.state !== 'ANSWERED' || call.answeredAt === null) {
    return null;
  }
  const serverNow = now - (call.clock?.skewMs ?? 0);
  return Math.max(0, serverNow - Date.parse(call.answeredAt), talkedAt(call));
}

/** Milliseconds of talk when the server wrote the call. */
function talkedAt(call: CallFields): number {
  return call.answeredAt === null ? 0 : Math.max(0, Date.parse(call.asOf) - Date.parse(call.answeredAt));
}

/** Decimals that a cost at this price can have. Only the server knows how it rounds. */
function expectedDecimals({ connectionFee }: CallFields, pricePerMinute: Money): number {
  const perMinute = parseMoney(pricePerMinute);
  const perSecond = perMinute % 60n === 0n ? decimalsOf(moneyOf(perMinute / 60n, pricePerMinute.currency)) : USUAL_DECIMALS;
  return Math.max(decimalsOf(pricePerMinute), connectionFee === null ? 0 : decimalsOf(connectionFee), Math.min(perSecond, USUAL_DECIMALS));
}

/** Samples older than this say little about a clock that may have been set since. */
const SAMPLES_KEPT_MS = 5 * 60_000;
const SAMPLES = 32;

/**
 * How far this machine's clock is ahead of the server's. Each message shows the difference plus the time that it traveled, so the
 * smallest difference is the closest.
 */
export class Skew {
  #samples: { readonly at: number; readonly ms: number }[] = [];

  observe(serverTime: string, now: number): void {
    const ms = now - Date.parse(serverTime);
    if (Number.isFinite(ms)) {
      const kept = this.#samples.filter((sample) => Math.abs(now - sample.at) < SAMPLES_KEPT_MS);
      this.#samples = [...kept, { at: now, ms }].slice(-SAMPLES);
    }
  }

  get ms(): number {
    return this.#samples.length === 0 ? 0 : Math.min(...this.#samples.map((sample) => sample.ms));
  }
}
