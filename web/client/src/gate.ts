import { Backoff, type Page } from './waiting.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/** Delays attempts to connect: during the pause after a lost connection, and while there is no network. */
export class Gate {
  readonly #page: Page;
  readonly #backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  readonly #waiting = new Set<() => void>();
  #isPausing = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(page: Page) {
    this.#page = page;
  }

  get isOpen(): boolean {
    return !this.#isPausing && this.#page.isOnline();
  }

  /** Closes the gate for the next pause, which is at least `leastMs` long. */
  close(leastMs = 0): void {
    this.#isPausing = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#open();
    }, this.#backoff.next(leastMs));
  }

  /** Makes the next pause the shortest one again. */
  relax(): void {
    this.#backoff.reset();
  }

  /** Ends the pause now, and makes the next pause the shortest one again. */
  wake(): void {
    this.relax();
    clearTimeout(this.#timer);
    this.#open();
  }

  /** Resolves when the gate opens, when `release` is called, or when the signal is aborted. */
  change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  /** Resolves all promises of `change`, so that their callers check the state again. */
  release(): void {
    for (const done of [...this.#waiting]) {
      done();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #open(): void {
    this.#isPausing = false;
    this.release();
  }
}
