import { describe, expect, it } from 'vitest';
import { Skew, clockOf } from '../src/clock.js';
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
    const live = { ...talk('a'), clock: { skewMs, leastSeconds: 0, leastCost: '0' } };
    expect(elapsedSeconds(live, ms(30) + skewMs)).toBe(30);
    expect(costSoFar(live, ms(30) + skewMs)).toEqual(brl('0.3'));
  });

  it('is never below what the server said, even on a clock that is behind', () => {
    expect(elapsedSeconds(talk('a', { asOf: time(20), elapsedSeconds: 20 }), ms(5))).toBe(20);
  });
});

describe('costSoFar', () => {
  it('grows by the price per minute, and shows whole coins', () => {
    const live = talk('a', { asOf: time(1), elapsedSeconds: 1, cost: brl('0.11') });
    const costs = [1, 15, 60, 90.1].map((second) => costSoFar(live, ms(second)).amount);
    expect(costs).toEqual(['0.11', '0.25', '0.7', '1']);
  });

  it('does not grow while an increment is already paid for', () => {
    // the first minute is charged at once
    const live = talk('a', { asOf: time(5), elapsedSeconds: 5, cost: brl('0.7') });
    expect([5, 30, 59].map((second) => costSoFar(live, ms(second)).amount)).toEqual(['0.7', '0.7', '0.7']);
  });

  it('begins at what the server said, where free seconds or a cheaper band make it less', () => {
    const live = talk('a', { asOf: time(60), elapsedSeconds: 60, cost: brl('0.2') });
    expect([60, 70].map((second) => costSoFar(live, ms(second)).amount)).toEqual(['0.2', '0.3']);
  });

  it('leaves the fee of a call that has just been answered to the next message', () => {
    expect([0, 2].map((second) => costSoFar(talk('a'), ms(second)).amount)).toEqual(['0', '0.02']);
  });

  it('keeps the decimals of the exact cost', () => {
    const live = talk('a', { asOf: time(60), elapsedSeconds: 60, cost: brl('0.7371'), pricePerMinute: brl('0.777') });
    expect(costSoFar(live, ms(61)).amount).toBe('0.75');
    expect(costSoFar(live, ms(62)).amount).toBe('0.763');
    expect(costSoFar(live, ms(61.5)).amount).toBe('0.7565');
  });

  it('has no cents where the currency has none', () => {
    const price = { amount: '100', currency: 'CLP' };
    const live = talk('a', { cost: { amount: '0', currency: 'CLP' }, pricePerMinute: price, connectionFee: null });
    expect(costSoFar(live, ms(31))).toEqual({ amount: '51', currency: 'CLP' });
  });

  it('is exact before the answer, after the end, and for a free call', () => {
    expect(costSoFar(call('a'), ms(60))).toEqual(brl('0'));
    expect(costSoFar(talk('a', { state: 'ENDED', cost: brl('1.2345') }), ms(600))).toEqual(brl('1.2345'));
    expect(costSoFar(talk('a', { emergency: true, pricePerMinute: null, connectionFee: null }), ms(600))).toEqual(brl('0'));
  });

  it('stops with the seconds that are paid for', () => {
    expect(costSoFar(talk('a', { maxSeconds: 60 }), ms(600))).toEqual(brl('0.6'));
  });
});

describe('a screen that is drawn again and again', () => {
  it('never goes back while the call goes on, whatever the messages and the clocks say', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = new Random(seed);
      let now = 0;
      let live = { ...talk('a'), clock: clockOf(undefined, 0, ms(0)) };
      let [seconds, micros] = [0, 0n];
      for (let step = 0; step < 60; step += 1) {
        now += random.int(0, 5_000);
        if (random.next() < 0.4) {
          // messages are late, clocks are wrong, and prices have increments
          const asOf = time(Math.max(0, now - random.int(0, 8_000)) / 1000);
          const exact = Math.ceil(Date.parse(asOf) / 1000) - Math.ceil(ms(0) / 1000);
          const cost = brl(((Math.ceil(exact / 30) * random.int(1, 4)) / 10).toFixed(1));
          live = { ...live, asOf, elapsedSeconds: exact, cost, clock: clockOf(live, random.int(-2_000, 2_000), ms(0) + now) };
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
