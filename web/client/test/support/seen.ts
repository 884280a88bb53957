import type { ActivityEvent, ShopState } from '../../src/index.js';

/** The events and states that a board has shown since its first state. */
export class Seen {
  readonly events: ActivityEvent[] = [];
  /** Cursor of the first state. */
  start = '';
  last: ShopState | null = null;
  staleTimes = 0;
  /** Number of times that the connection was live again after a loss. */
  reconnects = -1;
  failure: unknown = null;

  show(state: ShopState): void {
    this.start ||= state.cursor;
    this.staleTimes += state.stale && this.last?.stale === false ? 1 : 0;
    this.last = state;
    if (state.lastEvent !== null) {
      this.events.push(state.lastEvent);
    }
  }

  connection(state: string): void {
    this.reconnects += state === 'live' ? 1 : 0;
  }
}
