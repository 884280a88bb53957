import { useSyncExternalStore } from 'react';

// One timer for the whole page, so that all clocks on the screen change at the same time.
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;

function tick(): void {
  now = Date.now();
  listeners.forEach((listener) => {
    listener();
  });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  now = Date.now();
  timer ??= setInterval(tick, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
}

/** The time in milliseconds since 1970; a component that uses it is rendered again every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
