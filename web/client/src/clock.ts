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

/** Highest number of decimals that a cost is expected to have, because tariffs round to four decimals by default. */
const USUAL_DECIMALS = 4;

/**
 * Cost of the call to the customer so far: the server's last exact figure, which arrives every two seconds. The client does not compute costs in
 * between, because only the server knows the rate's increments, bands and minimum. During the call, the cost never decreases, and it keeps its number
 * of decimals ("0.1700" after "0.1542"), so that its width on the screen does not change. `now` is not used; it makes the signature equal to that of
 * {@link elapsedSeconds}.
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

/** The clock of a call whose data has just arrived. `before` is the previous data of the same call. */
export function clockOf(before: CallFields | undefined, skewMs: number, now: number): CallClock {
  if (before === undefined) {
    return { skewMs, leastSeconds: 0, leastCost: '0' };
  }
  // during a call, the shown time and cost never decrease
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

/** Milliseconds of talk at the time `asOf`. */
function talkedAt(call: CallFields): number {
  return call.answeredAt === null ? 0 : Math.max(0, Date.parse(call.asOf) - Date.parse(call.answeredAt));
}

/** Number of decimals that a cost at this price probably has. Only the server knows the tariff's rounding. */
function expectedDecimals({ connectionFee }: CallFields, pricePerMinute: Money): number {
  const perMinute = parseMoney(pricePerMinute);
  const perSecond = perMinute % 60n === 0n ? decimalsOf(moneyOf(perMinute / 60n, pricePerMinute.currency)) : USUAL_DECIMALS;
  return Math.max(decimalsOf(pricePerMinute), connectionFee === null ? 0 : decimalsOf(connectionFee), Math.min(perSecond, USUAL_DECIMALS));
}

/** Maximum age of a sample. An older sample may be wrong, because the clock may have been set since. */
const SAMPLES_KEPT_MS = 5 * 60_000;
const SAMPLES = 32;

/**
 * How far this machine's clock is ahead of the server's. The difference measured from a message includes the message's travel time, so the smallest
 * difference is the most accurate.
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
