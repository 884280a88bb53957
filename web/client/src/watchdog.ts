/** After this long without a message, the watchdog sends a ping. If no message follows in time, the watchdog gives up the connection. */
const QUIET_MS = 8_000;
const ANSWER_WITHIN_MS = 5_000;
/** Time limit for a ping's answer and for a connection attempt, after the page woke up or the browser went offline; shorter than usual. */
const SUSPECT_ANSWER_WITHIN_MS = 2_500;
const CONNECT_WITHIN_MS = 10_000;

/** Detects a dead connection that was never closed. */
export class Watchdog {
  readonly #ping: () => void;
  readonly #giveUp: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #connectingSince = 0;
  #lastHeard = 0;
  /**
   * Number of messages so far. A higher number proves that a message has arrived. The time of the last message may be unchanged, because two messages
   * can arrive in the same millisecond.
   */
  #count = 0;
  #isOpen = false;

  constructor(ping: () => void, giveUp: () => void) {
    this.#ping = ping;
    this.#giveUp = giveUp;
  }

  connecting(): void {
    this.#isOpen = false;
    this.#connectingSince = Date.now();
    this.#after(CONNECT_WITHIN_MS, this.#giveUp);
  }

  opened(): void {
    this.#isOpen = true;
    this.heard();
    this.#watch();
  }

  heard(): void {
    this.#lastHeard = Date.now();
    this.#count += 1;
  }

  /** Immediately checks an open connection with a ping. Gives up a connection attempt that has taken too long. */
  suspect(): void {
    if (this.#isOpen) {
      this.#ask(SUSPECT_ANSWER_WITHIN_MS);
    } else if (Date.now() - this.#connectingSince > SUSPECT_ANSWER_WITHIN_MS) {
      this.#giveUp();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #watch(): void {
    const left = this.#lastHeard + QUIET_MS - Date.now();
    this.#after(Math.min(Math.max(left, 0), QUIET_MS), () => {
      if (Date.now() - this.#lastHeard < QUIET_MS) {
        this.#watch();
      } else {
        this.#ask(ANSWER_WITHIN_MS);
      }
    });
  }

  #ask(answerWithin: number): void {
    const before = this.#count;
    this.#ping();
    this.#after(answerWithin, () => {
      if (this.#count === before) {
        this.#giveUp();
      } else {
        this.#watch();
      }
    });
  }

  #after(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }
}
