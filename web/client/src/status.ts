import type { ConnectionState } from './types.js';
import type { Page } from './waiting.js';
import { Value } from './watched.js';

/** The state of a connection as its readers see it. */
export class Status {
  readonly connection = new Value<ConnectionState>({ state: 'idle', since: Date.now() });
  readonly #page: Page;
  readonly #isOpen: () => boolean;
  /** Subscriptions that want the connection, whether it is up or not. */
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

  /** Something may have changed. */
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
