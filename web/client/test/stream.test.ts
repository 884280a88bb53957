import { describe, expect, it } from 'vitest';
import { Stream, type Push } from '../src/stream.js';

/** A stream whose source the test controls step by step. */
function byHand(signal?: AbortSignal) {
  const hand: { push: Push<number>; end: () => void; fail: (error: Error) => void; signal: AbortSignal | null } = {
    push: () => undefined,
    end: () => undefined,
    fail: () => undefined,
    signal: null,
  };
  const stream = new Stream<number>((push, inner) => {
    Object.assign(hand, { push, signal: inner });
    return new Promise<void>((resolve, reject) => Object.assign(hand, { end: resolve, fail: reject }));
  }, signal);
  return { stream, hand };
}

describe('Stream', () => {
  it('begins with the first next, and hands values over in order', async () => {
    const { stream, hand } = byHand();
    expect(hand.signal).toBeNull();
    const first = stream.next();
    [1, 2, 3].forEach((value) => hand.push(value));
    expect(await first).toEqual({ done: false, value: 1 });
    expect(await stream.next()).toEqual({ done: false, value: 2 });
    hand.end();
    expect(await stream.next()).toEqual({ done: false, value: 3 });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('stops its source when the reader leaves the loop', async () => {
    const { stream, hand } = byHand();
    setTimeout(() => hand.push(1));
    for await (const value of stream) {
      expect(value).toBe(1);
      break;
    }
    expect(hand.signal?.aborted).toBe(true);
    hand.push(2);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('fails once, after the values that came before', async () => {
    const { stream, hand } = byHand();
    const first = stream.next();
    hand.push(1);
    hand.push(2);
    hand.fail(new Error('broken'));
    await first;
    await Promise.resolve();
    expect((await stream.next()).value).toBe(2);
    await expect(stream.next()).rejects.toThrow('broken');
    expect((await stream.next()).done).toBe(true);
    expect(hand.signal?.aborted).toBe(true);
  });

  it('ends without an error when its signal is aborted, also for a reader that waits', async () => {
    const abort = new AbortController();
    const { stream, hand } = byHand(abort.signal);
    const waiting = stream.next();
    abort.abort();
    expect((await waiting).done).toBe(true);
    expect(hand.signal?.aborted).toBe(true);
  });

  it('never begins if its signal is aborted already', async () => {
    const { stream, hand } = byHand(AbortSignal.abort());
    expect((await stream.next()).done).toBe(true);
    expect(hand.signal).toBeNull();
  });

  it('keeps the newest values for a reader that is far too slow', async () => {
    const { stream, hand } = byHand();
    const first = stream.next();
    hand.push(0);
    await first;
    for (let value = 1; value <= 10_005; value += 1) {
      hand.push(value);
    }
    expect((await stream.next()).value).toBe(6);
  });
});
