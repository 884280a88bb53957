/**
 * Maximum number of values that wait for a slow reader. If more values wait, the oldest are dropped, because a board's newest value is the whole
 * board.
 */
const MOST_WAITING = 10_000;

export type Push<T> = (value: T) => void;
/** Produces values until the function returns or throws, or until the signal is aborted. */
export type Source<T> = (push: Push<T>, signal: AbortSignal) => Promise<void>;

/**
 * An async iterator that begins its source with the first `next()`. The iterator ends when the source ends, when the reader leaves the loop,
 * and, without an error, when the signal is aborted.
 */
export class Stream<T> implements AsyncIterableIterator<T> {
  readonly #source: Source<T>;
  readonly #abort = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #begun = false;
  #ended = false;
  #failure: { readonly error: unknown } | null = null;
  #waiting: T[] = [];
  #readers: { readonly resolve: (result: IteratorResult<T, undefined>) => void; readonly reject: (error: unknown) => void }[] = [];

  constructor(source: Source<T>, signal?: AbortSignal) {
    this.#source = source;
    this.#outer = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    this.#begin();
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#serve();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#waiting = [];
    this.#end(null);
    return Promise.resolve({ done: true, value: undefined });
  }

  #begin(): void {
    if (this.#begun) {
      return;
    }
    this.#begun = true;
    if (this.#outer?.aborted === true) {
      this.#end(null);
      return;
    }
    this.#outer?.addEventListener('abort', this.#stop, { once: true });
    const push = (value: T): void => {
      if (!this.#ended) {
        this.#waiting.push(value);
        this.#waiting.splice(0, this.#waiting.length - MOST_WAITING);
        this.#serve();
      }
    };
    this.#source(push, this.#abort.signal).then(
      () => {
        this.#end(null);
      },
      (error: unknown) => {
        this.#end({ error });
      },
    );
  }

  readonly #stop = (): void => {
    this.#waiting = [];
    this.#end(null);
  };

  #end(failure: { readonly error: unknown } | null): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.#begun = true;
    this.#failure = failure;
    this.#outer?.removeEventListener('abort', this.#stop);
    this.#abort.abort();
    this.#serve();
  }

  /** Hands values to readers. After the last value, one reader gets the failure, if there is one, and all others get the end. */
  #serve(): void {
    for (;;) {
      const reader = this.#readers[0];
      if (reader === undefined) {
        return;
      }
      const [value] = this.#waiting.splice(0, 1);
      if (value !== undefined) {
        reader.resolve({ done: false, value });
      } else if (this.#failure !== null) {
        reader.reject(this.#failure.error);
        this.#failure = null;
      } else if (this.#ended) {
        reader.resolve({ done: true, value: undefined });
      } else {
        return;
      }
      this.#readers.shift();
    }
  }
}
