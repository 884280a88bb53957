import { CallshopError, isPassing, isUnauthenticated } from './errors.js';
import type { SessionKeeper } from './session.js';
import { ConnectionLost, type Transport } from './transport.js';
import { Backoff, pause } from './waiting.js';

export interface Connection {
  readonly transport: Transport;
  readonly keeper: SessionKeeper;
}

export interface Attempts {
  /** Runs the operation once. Returns true if the operation is finished, and false if another attempt must follow. */
  readonly attempt: (signal: AbortSignal) => Promise<boolean>;
  /** The loop calls this function when an attempt has ended and another will follow. */
  readonly interrupted?: () => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** Runs an operation repeatedly until it is finished, the signal is aborted, or an error is not temporary. */
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
  /** Error that ended the attempt; null if the server completed the operation. */
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

/** Waits, or refreshes the login, so that the next attempt may succeed. Throws the error if neither waiting nor a refresh can help. */
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

/** Refreshes the login. Throws only if the server refused the refresh; ignores temporary errors. */
async function refreshed(keeper: SessionKeeper): Promise<void> {
  try {
    await keeper.refresh();
  } catch (error) {
    if (!isPassing(error)) {
      throw error;
    }
  }
}
