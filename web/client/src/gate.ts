import { Backoff, type Page } from './waiting.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/** Holds attempts to connect back: during the pause after a loss, and while there is no network. */
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

  /** Closes for the next pause, at least this long. */
  close(leastMs = 0): void {
    this.#isPausing = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#open();
    }, this.#backoff.next(leastMs));
  }

  /** The next pause is a short one again. */
  relax(): void {
    this.#backoff.reset();
  }

  /** Ends the pause now. */
  wake(): void {
    this.relax();
    clearTimeout(this.#timer);
    this.#open();
  }

  /** Resolves with the next change: of the gate, or because someone has connected. */
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

  /** Lets everyone who waits look again. */
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
