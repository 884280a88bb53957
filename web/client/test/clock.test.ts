import { describe, expect, it } from 'vitest';
import { chargeBy, ROUNDINGS } from '../src/charge.js';
import { Skew, withClock } from '../src/clock.js';
import { costSoFar, elapsedSeconds, parseMoney } from '../src/index.js';
import { brl, call, ms, talk, time } from './support/fixtures.js';
import { Random } from './support/random.js';

describe('elapsedSeconds', () => {
  it('ticks from the answer, rounded up as the server does', () => {
    const live = talk('a');
    expect([0, 0.001, 1, 1.5, 61].map((second) => elapsedSeconds(live, ms(second)))).toEqual([0, 1, 1, 2, 61]);
  });

  it('stands still before the answer and after the end', () => {
    expect(elapsedSeconds(call('a', { state: 'RINGING' }), ms(90))).toBe(0);
    expect(elapsedSeconds(talk('a', { state: 'ENDED', elapsedSeconds: 42, endedAt: time(42) }), ms(90))).toBe(42);
  });

  it('ends with the seconds that are paid for', () => {
    expect(elapsedSeconds(talk('a', { maxSeconds: 60 }), ms(90))).toBe(60);
  });

  it.each([3_600_000, -3_600_000, 1234])('is right on a machine whose clock is %i ms ahead', (skewMs) => {
    const live = { ...talk('a'), clock: { skewMs, leastSeconds: 0, leastCost: '0', roundings: ROUNDINGS } };
    expect(elapsedSeconds(live, ms(30) + skewMs)).toBe(30);
  });

  it('is never below what the server said, even on a clock that is behind', () => {
    expect(elapsedSeconds(talk('a', { asOf: time(20), elapsedSeconds: 20 }), ms(5))).toBe(20);
  });
});

describe('costSoFar', () => {
  it('goes on by the rate from the last exact cost', () => {
    const live = talk('a', { asOf: time(1), elapsedSeconds: 1, cost: brl('0.11') });
    expect([1, 15, 60, 90.1].map((second) => costSoFar(live, ms(second)).amount)).toEqual(['0.11', '0.25', '0.7', '1.01']);
  });

  it('grows in the steps of the rate, and so is never an amount that the call cannot cost', () => {
    const live = talk('a', { asOf: time(1), elapsedSeconds: 1, cost: brl('0.7'), initialIncrement: 60, increment: 30 });
    expect([1, 15, 60, 60.1, 90, 91].map((second) => costSoFar(live, ms(second)).amount)).toEqual(['0.7', '0.7', '0.7', '1', '1', '1.3']);
  });

  it('ends with the seconds that are paid for', () => {
    const live = talk('a', { asOf: time(1), elapsedSeconds: 1, cost: brl('0.11'), maxSeconds: 30 });
    expect(costSoFar(live, ms(90)).amount).toBe('0.4');
  });

  it('is the last exact cost if the rate does not explain it', () => {
    const live = talk('a', { asOf: time(1), elapsedSeconds: 1, cost: brl('0.12') });
    expect([1, 15, 60].map((second) => costSoFar(live, ms(second)).amount)).toEqual(['0.12', '0.12', '0.12']);
  });

  it('never shrinks while the call goes on', () => {
    const before = talk('a', { cost: brl('0.7') });
    const after = withClock({ ...before, cost: brl('0.2') }, before, 0, ms(5));
    expect(costSoFar(after, ms(6))).toEqual(brl('0.7'));
  });

  it.each([
    // at 0.1542 a minute, billed by the second, a cost has up to four decimals
    ['0.1542', ['0', '0.0026', '0.0154', '0.018', '0.1542', '0.17'], ['0.0000', '0.0026', '0.0154', '0.0180', '0.1542', '0.1700']],
    ['0.6', ['0', '0.01', '0.1', '1'], ['0', '0.01', '0.1', '1']],
    ['0.3', ['0', '0.005', '0.01'], ['0.000', '0.005', '0.010']],
    // here, the costs have more decimals, because the tariff rounds to more decimals, or because a band has another price
    ['0.6', ['0', '0.00123', '0.1'], ['0', '0.00123', '0.10000']],
  ])('keeps its decimals at a price of %s', (price, costs, shown) => {
    let live = withClock(call('a', { pricePerMinute: brl(price), connectionFee: brl('0') }), undefined, 0, ms(0));
    const amounts = costs.map((cost, second) => {
      live = withClock({ ...live, state: 'ANSWERED', cost: brl(cost) }, live, 0, ms(second));
      return costSoFar(live, ms(second)).amount;
    });
    expect(amounts).toEqual(shown);
  });

  it('has the same decimals before the answer', () => {
    expect(costSoFar(call('a', { pricePerMinute: brl('0.1542') }), ms(0)).amount).toBe('0.0000');
  });

  it('is the final cost, as the server writes it, after the end, and nothing for a free call', () => {
    expect(costSoFar(talk('a', { state: 'ENDED', endedAt: time(90), cost: brl('1.2') }), ms(600))).toEqual(brl('1.2'));
    expect(costSoFar(talk('a', { emergency: true, pricePerMinute: null, connectionFee: null }), ms(600))).toEqual(brl('0'));
  });

  it('is written with decimals that a currency without coins needs all the same', () => {
    const clp = (amount: string): { amount: string; currency: string } => ({ amount, currency: 'CLP' });
    const live = talk('a', { cost: clp('52'), pricePerMinute: clp('100'), connectionFee: null, minimumCharge: null });
    expect(costSoFar(live, ms(31))).toEqual(clp('52.0000'));
    expect(costSoFar({ ...live, pricePerMinute: clp('120') }, ms(31))).toEqual(clp('52'));
  });
});

describe('a screen that is drawn again and again', () => {
  it('never goes back between two figures, although the rounding is not certain in each second', () => {
    for (const price of ['0.07', '0.1542']) {
      for (const elapsed of [0, 7]) {
        const priced = talk('a', { pricePerMinute: brl(price), connectionFee: brl('0'), elapsedSeconds: elapsed });
        for (const rule of ROUNDINGS) {
          const cost = brl((Number(chargeBy([rule], priced, elapsed)) / 1_000_000).toFixed(6));
          const live = withClock({ ...priced, cost }, undefined, 0, ms(elapsed));
          const shown = Array.from({ length: 70 }, (_, second) => parseMoney(costSoFar(live, ms(elapsed + second))));
          const lower = shown.filter((micros, index) => micros < (shown[index - 1] ?? 0n));
          expect([price, elapsed, rule, lower]).toEqual([price, elapsed, rule, []]);
        }
      }
    }
  });

  it('never goes back while the call goes on, whatever the messages and the clocks say', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = new Random(seed);
      let now = 0;
      let live = withClock(talk('a'), undefined, 0, ms(0));
      let [seconds, micros] = [0, 0n];
      for (let step = 0; step < 60; step += 1) {
        now += random.int(0, 5_000);
        if (random.next() < 0.4) {
          // the messages arrive late, the clocks are wrong, and the prices have increments
          const asOf = time(Math.max(0, now - random.int(0, 8_000)) / 1000);
          const exact = Math.ceil(Date.parse(asOf) / 1000) - Math.ceil(ms(0) / 1000);
          const cost = brl(((Math.ceil(exact / 30) * random.int(1, 4)) / 10).toFixed(1));
          live = withClock({ ...live, asOf, elapsedSeconds: exact, cost }, live, random.int(-2_000, 2_000), ms(0) + now);
        }
        const shown = [elapsedSeconds(live, ms(0) + now), parseMoney(costSoFar(live, ms(0) + now))] as const;
        expect(shown[0], `seed ${seed}`).toBeGreaterThanOrEqual(seconds);
        expect(shown[1] >= micros, `seed ${seed}: ${micros} then ${shown[1]}`).toBe(true);
        [seconds, micros] = shown;
      }
    }
  });
});

describe('Skew', () => {
  it('takes the message that traveled fastest', () => {
    const skew = new Skew();
    expect(skew.ms).toBe(0);
    skew.observe(time(10), ms(12));
    skew.observe(time(20), ms(21));
    skew.observe(time(30), ms(33));
    expect(skew.ms).toBe(1_000);
  });

  it('believes a clock that is set back at once, and one that is set forward after five minutes', () => {
    const skew = new Skew();
    skew.observe(time(0), ms(0));
    skew.observe(time(10), ms(10 - 3600));
    expect(skew.ms).toBe(-3_600_000);
    skew.observe(time(20), ms(20));
    expect(skew.ms).toBe(0);
    skew.observe(time(30), ms(30 + 3600));
    expect(skew.ms).toBe(3_600_000);
  });

  it('ignores a time that it cannot read', () => {
    const skew = new Skew();
    skew.observe('soon', ms(0));
    expect(skew.ms).toBe(0);
  });
});
