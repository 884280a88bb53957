import { CallshopError, isPassing, isUnauthenticated } from './errors.js';
import type { SessionKeeper } from './session.js';
import { ConnectionLost, type Transport } from './transport.js';
import { Backoff, pause } from './waiting.js';

export interface Connection {
  readonly transport: Transport;
  readonly keeper: SessionKeeper;
}

export interface Attempts {
  /** Runs the operation once. Returns whether it is done for good; it is not if the server merely completed it. */
  readonly attempt: (signal: AbortSignal) => Promise<boolean>;
  /** An attempt has ended, and another will follow. */
  readonly interrupted?: () => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** Runs an operation again and again until it is done, the signal is aborted, or an error comes that another attempt would meet, too. */
export async function keepRunning(connection: Connection, attempts: Attempts, signal: AbortSignal): Promise<void> {
  const end = connection.transport.want();
  const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  try {
    for (;;) {
      const begun = Date.now();
      const result = await tryOnce(connection.transport, attempts, signal);
      if (result.done || signal.aborted) {
        return;
      }
      attempts.interrupted?.();
      if (Date.now() - begun > LONGEST_PAUSE_MS) {
        backoff.reset();
      }
      await recover(connection.keeper, result.error, backoff, signal);
    }
  } finally {
    end();
  }
}

interface Result {
  readonly done: boolean;
  /** Null if the server completed the operation. */
  readonly error: Error | null;
}

async function tryOnce(transport: Transport, attempts: Attempts, signal: AbortSignal): Promise<Result> {
  try {
    await transport.ready(signal);
    return { done: signal.aborted || (await attempts.attempt(signal)), error: null };
  } catch (error) {
    return { done: false, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Waits, or refreshes the login, so that the next attempt may succeed. Throws an error that nothing here can mend. */
async function recover(keeper: SessionKeeper, error: Error | null, backoff: Backoff, signal: AbortSignal): Promise<void> {
  if (error instanceof ConnectionLost) {
    // the transport itself waits before it connects again
    return;
  }
  if (isUnauthenticated(error) && keeper.session.get() !== null) {
    await refreshed(keeper);
  } else if (error !== null && !isPassing(error)) {
    throw error;
  }
  const least = error instanceof CallshopError ? (error.retryAfterSeconds ?? 0) : 0;
  await pause(backoff.next(least * 1000), signal);
}

/** Throws only if the server refused. */
async function refreshed(keeper: SessionKeeper): Promise<void> {
  try {
    await keeper.refresh();
  } catch (error) {
    if (!isPassing(error)) {
      throw error;
    }
  }
}
