import { useCallback, useEffect, useState } from 'react';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { CallshopError } from '@callshop/client';
import { useClient } from './context.js';
import { asError } from './errors.js';

export interface Query<T> {
  readonly data: T | null;
  readonly error: CallshopError | null;
  readonly loading: boolean;
  readonly reload: () => void;
}

interface Answer<T> {
  readonly key: string;
  readonly data: T | null;
  readonly error: CallshopError | null;
}

/**
 * Sends the query once for these variables, and again after `reload` or when `salt` changes. While the query is repeated, `data` keeps the previous
 * response. With null variables, nothing is sent.
 */
export function useQuery<T, V extends Record<string, unknown>>(
  document: TypedDocumentNode<T, V>,
  variables: V | null,
  salt = '',
): Query<T> {
  const client = useClient();
  const key = JSON.stringify(variables);
  const [wanted, setWanted] = useState({ key, variables });
  const [round, setRound] = useState(0);
  const [answer, setAnswer] = useState<Answer<T>>({ key: '', data: null, error: null });
  if (wanted.key !== key) setWanted({ key, variables });

  useEffect(() => {
    if (wanted.variables === null) return;
    const abort = new AbortController();
    client.request(document, wanted.variables, { signal: abort.signal }).then(
      (data) => {
        if (!abort.signal.aborted) setAnswer({ key: wanted.key, data, error: null });
      },
      (cause: unknown) => {
        if (abort.signal.aborted) return;
        setAnswer((former) => ({
          key: wanted.key,
          data: former.key === wanted.key ? former.data : null,
          error: asError(cause),
        }));
      },
    );
    return () => {
      abort.abort();
    };
  }, [client, document, wanted, round, salt]);

  const reload = useCallback(() => {
    setRound((former) => former + 1);
  }, []);
  const current = answer.key === key;
  const data = current ? answer.data : null;
  const error = current ? answer.error : null;
  return { data, error, loading: variables !== null && data === null && error === null, reload };
}
