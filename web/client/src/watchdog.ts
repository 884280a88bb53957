/** A connection without a message for this long is asked for one, and given up without an answer in time. */
const QUIET_MS = 8_000;
const ANSWER_WITHIN_MS = 5_000;
/** A page that wakes up, or hears that the network is gone, wants to know sooner. */
const SUSPECT_ANSWER_WITHIN_MS = 2_500;
const CONNECT_WITHIN_MS = 10_000;

/** Notices that a connection is dead although nobody has closed it. */
export class Watchdog {
  readonly #ping: () => void;
  readonly #giveUp: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #connectingSince = 0;
  #lastHeard = 0;
  /** Messages so far. Two can come in one millisecond. */
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

  /** Whether the connection is dead is asked now, or, for one that has been coming up for too long, assumed. */
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
