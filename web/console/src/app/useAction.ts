import { useState } from 'react';
import type { CallshopError } from '@callshop/client';
import { newKey } from '../lib/key.js';
import { asError } from './errors.js';

export interface Action<I extends readonly unknown[], R> {
  /** Resolves to null if the action failed; `error` then has the reason. */
  readonly run: (...input: I) => Promise<R | null>;
  readonly busy: boolean;
  readonly error: CallshopError | null;
  readonly clear: () => void;
}

/**
 * A change on the server. The idempotency key of the change stays the same until the change succeeds, so that a second attempt after a lost response
 * cannot charge twice. The page never repeats a change by itself.
 */
export function useAction<I extends readonly unknown[], R>(
  perform: (key: string, ...input: I) => Promise<R>,
): Action<I, R> {
  const [key, setKey] = useState(newKey);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<CallshopError | null>(null);

  async function run(...input: I): Promise<R | null> {
    setBusy(true);
    setError(null);
    try {
      const result = await perform(key, ...input);
      setKey(newKey());
      return result;
    } catch (cause) {
      setError(asError(cause));
      return null;
    } finally {
      setBusy(false);
    }
  }

  return {
    run,
    busy,
    error,
    clear: () => {
      setError(null);
    },
  };
}
