import type { Watched } from './types.js';

/** A value that notifies its listeners when it changes. */
export class Value<T> implements Watched<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  // arrow functions, so that `useSyncExternalStore(value.subscribe, value.get)` works
  readonly get = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    // a new function for each call, so that a listener that was subscribed twice must also be removed twice
    const own = (): void => {
      listener();
    };
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  };

  set(value: T): void {
    if (Object.is(value, this.#value)) {
      return;
    }
    this.#value = value;
    for (const listener of [...this.#listeners]) {
      listener();
    }
  }
}
