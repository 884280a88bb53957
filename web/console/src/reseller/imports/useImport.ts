import { useCallback, useEffect, useState } from 'react';
import type { CallshopError } from '@callshop/client';
import { useClient } from '../../app/context.js';
import { asError } from '../../app/errors.js';
import { FollowImportDocument, type ImportFieldsFragment } from '../generated.js';

export interface FollowedImport {
  /** Null until the first message. */
  readonly job: ImportFieldsFragment | null;
  readonly error: CallshopError | null;
  /** Subscribes again after an error, and if the state is out of date because the subscription ended with the file of a checked import. */
  readonly restart: () => void;
}

interface Told {
  readonly round: string;
  readonly job: ImportFieldsFragment | null;
  readonly error: CallshopError | null;
}

/** Follows an import until it has ended. */
export function useImport(id: string): FollowedImport {
  const client = useClient();
  const [restarts, setRestarts] = useState(0);
  const [told, setTold] = useState<Told>({ round: '', job: null, error: null });
  const round = `${id} ${restarts}`;

  useEffect(() => {
    const abort = new AbortController();
    const follow = async (): Promise<void> => {
      for await (const { tariffImport } of client.subscribe(FollowImportDocument, { id }, { signal: abort.signal })) {
        setTold({ round, job: tariffImport, error: null });
      }
    };
    follow().catch((cause: unknown) => {
      if (!abort.signal.aborted) setTold((former) => ({ round, job: former.round === round ? former.job : null, error: asError(cause) }));
    });
    return () => {
      abort.abort();
    };
  }, [client, id, round]);

  const restart = useCallback(() => {
    setRestarts((former) => former + 1);
  }, []);
  // ignore messages that arrived before the last restart
  const isCurrent = told.round === round;
  return { job: isCurrent ? told.job : null, error: isCurrent ? told.error : null, restart };
}
