import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agreeing, chargeBy, ROUNDINGS, type Rounding } from '../src/charge.js';
import { withClock } from '../src/clock.js';
import { costSoFar, parseMoney, type CallFields } from '../src/index.js';
import { brl, call, ms, talk, time } from './support/fixtures.js';

interface Row {
  readonly line: string;
  readonly call: CallFields;
  readonly rounding: Rounding;
  readonly seconds: number;
  readonly charge: bigint;
}

/** Charges that the server's tests compute, too. */
function listed(): Row[] {
  const text = readFileSync(join(import.meta.dirname, '../../../billing/tests/data/charges.csv'), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.slice(1).map((line) => {
    const [price = '', first = '', fee = '', least = '', initial, increment, free, decimals, mode, seconds, charge = ''] = line.split(',');
    const rounding = ROUNDINGS.find((rule) => rule.decimals === Number(decimals) && rule.mode === mode);
    if (rounding === undefined) throw new Error(`No such rounding: ${line}`);
    const priced = talk('a', {
      pricePerMinute: brl(price),
      initialPrice: first === '' ? null : brl(first),
      connectionFee: brl(fee),
      minimumCharge: brl(least),
      initialIncrement: Number(initial),
      increment: Number(increment),
      freeSeconds: Number(free),
      maxSeconds: 1_000_000,
    });
    return { line, call: priced, rounding, seconds: Number(seconds), charge: parseMoney(brl(charge)) };
  });
}

/** The call as the server shows it after this many seconds. */
function at(priced: CallFields, seconds: number, rule: Rounding): CallFields {
  const charge = chargeBy([rule], priced, seconds);
  const amount = (Number(charge) / 1_000_000).toFixed(6);
  return { ...priced, asOf: time(seconds), elapsedSeconds: seconds, cost: brl(amount) };
}

describe('the charge', () => {
  it('is that of the server for each listed call', () => {
    const rows = listed();
    expect(rows.length).toBeGreaterThan(50);
    for (const row of rows) {
      expect([row.line, chargeBy([row.rounding], row.call, row.seconds)]).toEqual([row.line, row.charge]);
    }
  });

  it('is unknown without a rate, and for rules that differ', () => {
    expect(chargeBy(ROUNDINGS, talk('a', { pricePerMinute: null, initialIncrement: null, increment: null }), 5)).toBeNull();
    expect(chargeBy([], talk('a'), 5)).toBeNull();
    const priced = talk('a', { pricePerMinute: brl('0.07'), connectionFee: brl('0') });
    expect(chargeBy(ROUNDINGS.filter(({ decimals }) => decimals === 2), priced, 8)).toBeNull();
  });

  it('of a whole call, shown from a few figures, is exact in each second', () => {
    for (const { call: priced, rounding, line } of listed()) {
      let live: CallFields | undefined;
      for (let second = 0; second <= 240; second += 1) {
        // costs arrive every two seconds for the first two minutes; after that, no more costs arrive
        if (live === undefined || (second % 2 === 0 && second <= 120)) {
          live = withClock(at(priced, second, rounding), live, 0, ms(second));
        }
        const shown = parseMoney(costSoFar(live, ms(second)));
        const right = chargeBy([rounding], priced, second);
        const before = chargeBy([rounding], priced, Math.max(0, second - 1));
        // if it is not certain yet how the tariff rounds, the server's last cost is shown
        expect([line, second, shown === right || (second % 2 === 1 && shown === before)]).toEqual([line, second, true]);
        if (second > 120) expect([line, second, shown]).toEqual([line, second, right]);
      }
    }
  });
});

describe('the rules of rounding', () => {
  it('are those that lead to every figure of the server', () => {
    const priced = talk('a', { pricePerMinute: brl('0.1542'), connectionFee: brl('0') });
    const figures = [2, 4, 6, 8, 10].map((second) => at(priced, second, { decimals: 4, mode: 'HALF_UP' }));
    const rules = figures.reduce<readonly Rounding[]>(agreeing, ROUNDINGS);
    expect(rules).toEqual([{ decimals: 4, mode: 'HALF_UP' }]);
  });

  it('are none in a time band, so that the server’s figures are shown', () => {
    const cheap = talk('a', { asOf: time(10), elapsedSeconds: 10, cost: brl('0.15') });
    expect(agreeing(ROUNDINGS, cheap)).toEqual([]);
    expect(costSoFar(withClock(cheap, undefined, 0, ms(10)), ms(40))).toEqual(brl('0.15'));
  });

  it('stay unknown until the call is charged', () => {
    expect(agreeing(ROUNDINGS, call('a', { state: 'RINGING' }))).toBe(ROUNDINGS);
  });
});
