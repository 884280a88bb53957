import { agreeing, chargeBy, ROUNDINGS } from './charge.js';
import { decimalsOf, moneyOf, parseMoney, withDecimals } from './money.js';
import type { CallClock, CallFields, Money } from './types.js';

/**
 * Talk time of a call in whole seconds, as the server counts it: rounded up, and never more than the paid seconds.
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
 * Cost of the call to the customer for the seconds of {@link elapsedSeconds}. The client computes the cost from the call's prices and increments, and
 * checks the result against each cost from the server. If the two differ, for example in a time band, or if it is not certain yet how the tariff
 * rounds, this function returns the last cost that is certain. The server sends a cost every two seconds. During the call, the cost never decreases,
 * and it keeps its number of decimals ("0.1700" after "0.1542"), so that its width on the screen does not change.
 */
export function costSoFar(call: CallFields, now: number): Money {
  if (call.endedAt !== null || call.pricePerMinute === null) {
    return call.cost;
  }
  const { currency } = call.cost;
  const shown: Money[] = [call.cost, { amount: call.clock?.leastCost ?? '0', currency }];
  const counted = countedCost(call, now);
  if (counted !== null) {
    shown.push(moneyOf(counted, currency));
  }
  const most = shown.reduce((highest, money) => (parseMoney(money) > parseMoney(highest) ? money : highest));
  return withDecimals(most, Math.max(...shown.map(decimalsOf), expectedDecimals(call, call.pricePerMinute)));
}

/**
 * The cost, in millionths, at the latest second for which the client can be certain of the server's result; null if there is no such second after the
 * server's last cost.
 */
function countedCost(call: CallFields, now: number): bigint | null {
  const rules = call.clock?.roundings ?? agreeing(ROUNDINGS, call);
  if (call.state !== 'ANSWERED' || rules.length === 0) {
    return null;
  }
  for (let talk = elapsedSeconds(call, now); talk > call.elapsedSeconds; talk -= 1) {
    const charge = chargeBy(rules, call, talk);
    if (charge !== null) {
      return charge;
    }
  }
  return null;
}

/** A call whose data has just arrived, with its clock. `before` is the previous data of the same call. */
export function withClock(call: CallFields, before: CallFields | undefined, skewMs: number, now: number): CallFields {
  const roundings = agreeing(before?.clock?.roundings ?? ROUNDINGS, call);
  // during a call, the shown time and cost never decrease
  const least =
    before === undefined
      ? { leastSeconds: 0, leastCost: '0' }
      : { leastSeconds: elapsedSeconds(before, now), leastCost: costSoFar(before, now).amount };
  const clock: CallClock = { skewMs, ...least, roundings };
  return { ...call, clock };
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
function expectedDecimals({ initialPrice, connectionFee, minimumCharge }: CallFields, pricePerMinute: Money): number {
  const prices = [pricePerMinute, initialPrice].filter((price) => price !== null);
  const once = [connectionFee, minimumCharge].filter((amount) => amount !== null);
  return Math.max(...[...prices, ...once].map(decimalsOf), ...prices.map(decimalsPerSecond));
}

/** Number of decimals of the price of a second, at most the usual number. */
function decimalsPerSecond(price: Money): number {
  const perMinute = parseMoney(price);
  const exact = perMinute % 60n === 0n ? decimalsOf(moneyOf(perMinute / 60n, price.currency)) : USUAL_DECIMALS;
  return Math.min(exact, USUAL_DECIMALS);
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
