import { useEffect, useState } from 'react';
import type { CallshopClient, CallshopError } from '@callshop/client';
import { asError } from '../app/errors.js';
import { CustomerScreenDocument, type CustomerScreenSubscription } from '../generated.js';

export type Shown = CustomerScreenSubscription['customerScreen'];

export interface Screen {
  readonly shown: Shown | null;
  /** The error that ended the subscription. */
  readonly error: CallshopError | null;
  /** Whether the last message is so old that the screen must show a notice. */
  readonly stale: boolean;
}

/** The server sends a message each second. */
const STALE_AFTER_MS = 5_000;

/** Follows the subscription to the screen until the subscription ends. */
export function useScreen(client: CallshopClient): Screen {
  const [screen, setScreen] = useState<Screen>({ shown: null, error: null, stale: false });
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = (): void => {
      setScreen((former) => ({ ...former, stale: true }));
    };
    const follow = async (): Promise<void> => {
      try {
        for await (const message of client.subscribe(CustomerScreenDocument, {}, { signal: abort.signal })) {
          clearTimeout(timer);
          timer = setTimeout(late, STALE_AFTER_MS);
          setScreen({ shown: message.customerScreen, error: null, stale: false });
        }
      } catch (cause) {
        if (!abort.signal.aborted) setScreen({ shown: null, error: asError(cause), stale: false });
      }
    };
    void follow();
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [client]);
  return screen;
}
