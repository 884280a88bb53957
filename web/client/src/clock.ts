import { moneyOf, parseMoney } from './money.js';
import type { CallClock, CallFields, Money } from './types.js';

const MINUTE = 60_000n;

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

/**
 * What the call costs the customer so far. Between two messages, this is an estimate that grows and never shrinks: the last exact
 * cost, and from there the price per minute. It stays at or below the server's figure while the price stays the same, because
 * increments are only known to the server. The final cost comes with the call's end.
 */
export function costSoFar(call: CallFields, now: number): Money {
  const exact = parseMoney(call.cost);
  const talked = talkedMs(call, now);
  if (talked === null || call.pricePerMinute === null) {
    return call.cost;
  }
  const price = parseMoney(call.pricePerMinute);
  const fee = call.connectionFee === null ? 0n : parseMoney(call.connectionFee);
  const paid = BigInt(Math.floor(Math.min(talked, call.maxSeconds * 1000)));
  const before = BigInt(Math.floor(Math.min(talkedAt(call), call.maxSeconds * 1000)));
  const fromStart = fee + (price * paid) / MINUTE;
  const fromMessage = exact + (price * (paid > before ? paid - before : 0n)) / MINUTE;
  const estimate = roundedDown(fromStart < fromMessage ? fromStart : fromMessage, call.cost);
  const shown = call.clock === undefined ? 0n : parseMoney({ amount: call.clock.leastCost, currency: call.cost.currency });
  return moneyOf(greatest(exact, estimate, shown), call.cost.currency);
}

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

const minorDigits = new Map<string, number>();

/** Cut to the decimals that the exact cost has, or the currency's coins: an estimate that shows more would only flicker. */
function roundedDown(micros: bigint, exact: Money): bigint {
  let digits = minorDigits.get(exact.currency);
  if (digits === undefined) {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency: exact.currency });
    digits = format.resolvedOptions().maximumFractionDigits ?? 2;
    minorDigits.set(exact.currency, digits);
  }
  const shown = Math.max(digits, exact.amount.split('.')[1]?.length ?? 0);
  const step = 10n ** BigInt(Math.max(0, 6 - shown));
  return (micros / step) * step;
}

function greatest(...values: readonly bigint[]): bigint {
  return values.reduce((most, value) => (value > most ? value : most), 0n);
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
