import { useCallback, useEffect, useState } from 'react';
import type { CallshopError } from '@callshop/client';
import { useClient } from '../../app/context.js';
import { asError } from '../../app/errors.js';
import { FollowImportDocument, type ImportFieldsFragment } from '../generated.js';

export interface FollowedImport {
  /** Null until the first message. */
  readonly job: ImportFieldsFragment | null;
  readonly error: CallshopError | null;
  readonly retry: () => void;
}

/** Follows an import until it has ended. */
export function useImport(id: string): FollowedImport {
  const client = useClient();
  const [round, setRound] = useState(0);
  const [job, setJob] = useState<ImportFieldsFragment | null>(null);
  const [error, setError] = useState<CallshopError | null>(null);

  useEffect(() => {
    const abort = new AbortController();
    const follow = async (): Promise<void> => {
      for await (const { tariffImport } of client.subscribe(FollowImportDocument, { id }, { signal: abort.signal })) {
        setError(null);
        setJob(tariffImport);
      }
    };
    follow().catch((cause: unknown) => {
      if (!abort.signal.aborted) setError(asError(cause));
    });
    return () => {
      abort.abort();
    };
  }, [client, id, round]);

  const retry = useCallback(() => {
    setRound((former) => former + 1);
  }, []);
  return { job: job?.id === id ? job : null, error, retry };
}
