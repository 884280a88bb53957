import type { ConnectionState } from './types.js';
import type { Page } from './waiting.js';
import { Value } from './watched.js';

/** The published state of a connection. */
export class Status {
  readonly connection = new Value<ConnectionState>({ state: 'idle', since: Date.now() });
  readonly #page: Page;
  readonly #isOpen: () => boolean;
  /** Number of subscriptions that need the connection, whether or not the connection is open. */
  #wanted = 0;

  constructor(page: Page, isOpen: () => boolean) {
    this.#page = page;
    this.#isOpen = isOpen;
  }

  want(): () => void {
    this.#wanted += 1;
    this.show();
    let ended = false;
    return () => {
      if (!ended) {
        ended = true;
        this.#wanted -= 1;
        this.show();
      }
    };
  }

  /** Publishes the state if it has changed. */
  show(): void {
    const before = this.connection.get();
    const state = this.#state();
    if (state !== before.state) {
      const keepsWaiting = isWaiting(state) && isWaiting(before.state);
      this.connection.set({ state, since: keepsWaiting ? before.since : Date.now() });
    }
  }

  #state(): ConnectionState['state'] {
    if (this.#wanted === 0) {
      return 'idle';
    }
    if (this.#isOpen()) {
      return 'live';
    }
    return this.#page.isOnline() ? 'connecting' : 'offline';
  }
}

function isWaiting(state: ConnectionState['state']): boolean {
  return state === 'connecting' || state === 'offline';
}
