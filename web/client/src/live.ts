import {
  afterAnswer,
  afterCosts,
  afterCounter,
  afterEvent,
  boardOf,
  mustAsk,
  questionOf,
  type Board,
  type Counter,
  type Question,
  type Snapshot,
} from './board.js';
import { Skew } from './clock.js';
import { CallshopError, isPassing } from './errors.js';
import type { ActivityKind, CabinWithSessionFragment, CallCostFieldsFragment } from './generated.js';
import { keepRunning, type Connection } from './running.js';
import type { Push } from './stream.js';
import type { ActivityEvent, ShopState } from './types.js';
import { Backoff, pause } from './waiting.js';

/** A message of a board's subscription. */
export interface BoardMessage {
  readonly cursor: string;
  readonly snapshot: Snapshot | null;
  readonly event: ActivityEvent | null;
}

/** The position of the newest event of a board's subscription. */
export interface Head {
  readonly cursor: string;
  readonly asOf: string | null;
}

/** The subscriptions and requests from which a board gets its data. */
export interface BoardSource {
  follow(after: string | null, next: (message: BoardMessage) => void, signal: AbortSignal): Promise<void>;
  head(next: (head: Head) => void, signal: AbortSignal): Promise<void>;
  /** Requests the exact costs of live calls at regular intervals. `live` returns the ids of the calls that are being charged. */
  costs(live: () => readonly string[], next: (costs: readonly CallCostFieldsFragment[]) => void, signal: AbortSignal): Promise<void>;
  /** The cabins with these ids, in this order; null for a cabin that does not exist. */
  ask(ids: readonly string[], signal: AbortSignal): Promise<readonly (CabinWithSessionFragment | null)[]>;
  /** The register and the unpaid bills. This function is called only if snapshots have a counter. */
  askCounter(signal: AbortSignal): Promise<Counter>;
}

/** Maximum number of cabins in one request. */
const MOST_ASKED = 50;
const NO_COUNTER: Counter = { register: null, unpaid: [] };
/** Events whose time comes from the server's clock. The times of other events may come from the proxy's clock, which may differ from the server's. */
const SERVER_TIME: ReadonlySet<ActivityKind> = new Set<ActivityKind>([
  'REGISTER_OPENED',
  'REGISTER_CLOSED',
  'CABIN_OPENED',
  'CABIN_CLOSING',
  'CALL_EXTENDED',
  'CALL_ENDING_SOON',
  'DEPOSIT_LOW',
  'CALL_REFUSED',
  'SESSION_SETTLED',
]);

/** Follows a board until the signal is aborted. Throws an error if no further attempt can help. */
export async function followBoard(connection: Connection, source: BoardSource, push: Push<ShopState>, signal: AbortSignal): Promise<void> {
  const follower = new Follower(source, push);
  await keepRunning(
    connection,
    {
      attempt: (until) => follower.follow(until),
      interrupted: () => {
        follower.interrupted();
      },
    },
    signal,
  );
}

class Follower {
  readonly #source: BoardSource;
  readonly #push: Push<ShopState>;
  readonly #skew = new Skew();
  #board: Board | null = null;
  #stale = true;
  /** False after the server refused the cursor. */
  #mayResume = true;
  /** Cursors received on this connection; null once they include the head, that is, once no event is missing. */
  #passed: Set<string> | null = null;
  #head: string | null = null;
  #wakeAsker: () => void = () => undefined;

  constructor(source: BoardSource, push: Push<ShopState>) {
    this.#source = source;
    this.#push = push;
  }

  /** Runs the subscription once, from the last cursor. Always returns false, so that another attempt follows. */
  async follow(signal: AbortSignal): Promise<boolean> {
    const attempt = new AbortController();
    const stop = (): void => {
      attempt.abort();
    };
    signal.addEventListener('abort', stop);
    const after = this.#mayResume ? (this.#board?.cursor ?? null) : null;
    this.#passed = new Set(after === null ? [] : [after]);
    this.#head = null;
    const receive = (message: BoardMessage): void => {
      this.#receive(message);
    };
    try {
      const following = this.#source.follow(after, receive, attempt.signal);
      if (after !== null) {
        void this.#findHead(attempt.signal);
      }
      void this.#followCosts(attempt.signal);
      await Promise.race([following, this.#ask(attempt.signal)]);
      return false;
    } catch (error) {
      if (after === null || !(error instanceof CallshopError) || error.code !== 'INVALID_INPUT') {
        throw error;
      }
      // the cursor is from another database: begin again, with a snapshot
      this.#mayResume = false;
      return false;
    } finally {
      attempt.abort();
      signal.removeEventListener('abort', stop);
    }
  }

  interrupted(): void {
    if (!this.#stale && this.#board !== null) {
      this.#stale = true;
      this.#show(this.#board, null);
    }
  }

  #receive({ cursor, snapshot, event }: BoardMessage): void {
    const now = Date.now();
    if (snapshot !== null) {
      this.#skew.observe(snapshot.asOf, now);
      this.#mayResume = true;
      this.#passed = null;
      this.#board = boardOf(snapshot, cursor, this.#board, { now, skewMs: this.#skew.ms });
      this.#refreshed();
      this.#show(this.#board, null);
    } else if (event !== null && this.#board !== null) {
      if (this.#passed === null && SERVER_TIME.has(event.kind)) {
        this.#skew.observe(event.at, now);
      }
      const before = this.#board;
      this.#board = afterEvent(before, event, cursor, { now, skewMs: this.#skew.ms });
      this.#passed?.add(cursor);
      this.#refreshed();
      if (this.#board !== before) {
        this.#show(this.#board, event);
      }
    }
    this.#wakeAsker();
  }

  /** Requests the number of the newest event, to find out when all missed events have arrived. A resumed subscription does not report this number. */
  async #findHead(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(1_000, 15_000);
    while (!signal.aborted && this.#passed !== null && this.#head === null) {
      try {
        await this.#source.head((head) => {
          this.#reached(head);
        }, signal);
      } catch (error) {
        if (error instanceof CallshopError && !isPassing(error)) {
          // the server refuses this request, and will also refuse the subscription, which reports the error
          return;
        }
        // the connection was lost: with event streams, only this request may be affected, so try the request again
      }
      await pause(backoff.next(), signal);
    }
  }

  #reached(head: Head): void {
    if (head.asOf !== null) {
      this.#skew.observe(head.asOf, Date.now());
    }
    this.#head = head.cursor;
    if (this.#refreshed() && this.#board !== null) {
      this.#show(this.#board, null);
    }
    this.#wakeAsker();
  }

  /** Keeps the costs up to date. Errors are ignored, because their only effect is that the board shows older costs. */
  async #followCosts(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(2_000, 60_000);
    const live = (): readonly string[] =>
      [...(this.#board?.liveCalls.values() ?? [])].filter((call) => call.state === 'ANSWERED').map((call) => call.id);
    while (!signal.aborted) {
      try {
        await this.#source.costs(live, (costs) => this.#priced(costs), signal);
      } catch {
        // try again after the pause below
      }
      await pause(backoff.next(), signal);
    }
  }

  #priced(costs: readonly CallCostFieldsFragment[]): void {
    const now = Date.now();
    const [first] = costs;
    if (this.#board === null || first === undefined) {
      return;
    }
    this.#skew.observe(first.asOf, now);
    const before = this.#board;
    this.#board = afterCosts(before, costs, { now, skewMs: this.#skew.ms });
    if (this.#board !== before) {
      this.#show(this.#board, null);
    }
  }

  /** Clears `stale` if all missed events have arrived and the board needs no more data. Returns whether this call cleared `stale`. */
  #refreshed(): boolean {
    if (this.#head !== null && this.#passed?.has(this.#head) === true) {
      this.#passed = null;
    }
    const isCurrent = this.#passed === null && this.#board !== null && !mustAsk(this.#board);
    if (!isCurrent || !this.#stale) {
      return false;
    }
    this.#stale = false;
    return true;
  }

  /** While connected, requests the data that events have changed. Ends only when the signal is aborted or an error is not temporary. */
  async #ask(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(500, 10_000);
    while (!signal.aborted) {
      const board = this.#board;
      if (board === null || this.#passed !== null || !mustAsk(board)) {
        await this.#untilWoken(signal);
        continue;
      }
      try {
        await this.#askOnce(questionOf(board, MOST_ASKED), signal);
        backoff.reset();
      } catch (error) {
        if (!isPassing(error)) {
          throw error;
        }
        await pause(backoff.next(), signal);
      }
    }
  }

  async #askOnce(question: Question, signal: AbortSignal): Promise<void> {
    const asksCounter = question.counterTouched !== null;
    const [cabins, counter] = await Promise.all([
      question.ids.length > 0 ? this.#source.ask(question.ids, signal) : [],
      asksCounter ? this.#source.askCounter(signal) : null,
    ]);
    if (this.#board === null) {
      return;
    }
    const answered = afterAnswer(this.#board, question, cabins);
    this.#board = counter === null ? answered : afterCounter(answered, question, counter);
    this.#refreshed();
    this.#show(this.#board, null);
  }

  #untilWoken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakeAsker = wake;
      signal.addEventListener('abort', wake);
    });
  }

  #show({ asOf, cursor, cabins, counter }: Board, lastEvent: ActivityEvent | null): void {
    const { register, unpaid } = counter ?? NO_COUNTER;
    this.#push({ asOf, cursor, cabins, register, unpaid, stale: this.#stale, lastEvent });
  }
}
