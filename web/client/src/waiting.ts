/**
 * Pauses between attempts. Each pause is about twice as long as the one before. A part of each pause is random, so that clients do not all reconnect
 * at the same time.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #mostMs: number;
  #attempt = 0;

  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
  }

  /** The next pause in milliseconds, at least `leastMs`. */
  next(leastMs = 0): number {
    const half = Math.min(this.#mostMs, this.#firstMs * 2 ** this.#attempt) / 2;
    this.#attempt = Math.min(this.#attempt + 1, 16);
    return Math.max(leastMs, half) + Math.random() * half;
  }

  reset(): void {
    this.#attempt = 0;
  }
}

/** Waits; returns early, and without an error, when the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Information about the page in which the client runs. Outside a browser, `isOnline` is always true. */
export interface Page {
  isOnline(): boolean;
  /**
   * Calls the listener when the network may be back: when the browser goes online, or a hidden page becomes visible. Returns a function that removes
   * the listener.
   */
  onWake(listener: () => void): () => void;
  onOffline(listener: () => void): () => void;
}

export const browserPage: Page = {
  isOnline: () => typeof navigator === 'undefined' || !('onLine' in navigator) || navigator.onLine,
  onWake(listener) {
    const ifSeen = (): void => {
      if (document.visibilityState === 'visible') {
        listener();
      }
    };
    const stops = [listen('window', 'online', listener), listen('document', 'visibilitychange', ifSeen)];
    return () => {
      stops.forEach((stop) => {
        stop();
      });
    };
  },
  onOffline: (listener) => listen('window', 'offline', listener),
};

function listen(on: 'window' | 'document', event: string, listener: () => void): () => void {
  const target = on === 'window' ? globalThis.window : globalThis.document;
  // scripts and tests without a browser have neither a window nor a document
  if (typeof target === 'undefined') {
    return () => undefined;
  }
  target.addEventListener(event, listener);
  return () => {
    target.removeEventListener(event, listener);
  };
}
