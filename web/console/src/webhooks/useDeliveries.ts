import { useCallback, useEffect, useMemo, useState } from 'react';
import { useClient } from '../app/context.js';
import { asError } from '../app/errors.js';
import { useQuery, type Query } from '../app/useQuery.js';
import { DeliveriesDocument, FollowDeliveriesDocument, type DeliveriesQuery, type DeliveryFieldsFragment } from './generated.js';
import { remember, upToDate, type Changes } from './log.js';
import type { CallshopError } from '@callshop/client';

type PageInfo = NonNullable<DeliveriesQuery['webhook']>['deliveries']['pageInfo'];

export interface DeliveryPage {
  readonly pageInfo: PageInfo;
  readonly nodes: readonly DeliveryFieldsFragment[];
}

/** A page of a webhook's log, which follows the changes of the log. `after` is the cursor before the page; null for the first page. */
export function useDeliveries(webhookId: string, after: string | null): Query<DeliveryPage> {
  const query = useQuery(DeliveriesDocument, { id: webhookId, after });
  const { changes, error, retry } = useChanges(webhookId);
  const page = query.data?.webhook?.deliveries ?? null;
  const data = useMemo(
    () => (page === null ? null : { pageInfo: page.pageInfo, nodes: upToDate(page.nodes, changes, after === null) }),
    [page, changes, after],
  );
  return {
    data,
    error: query.error ?? error,
    loading: query.loading,
    reload: () => {
      query.reload();
      if (error !== null) retry();
    },
  };
}

interface Following {
  readonly changes: Changes;
  readonly error: CallshopError | null;
  readonly retry: () => void;
}

/** Follows the log of a webhook: its newest messages, and then each change. */
function useChanges(webhookId: string): Following {
  const client = useClient();
  const [round, setRound] = useState(0);
  const [changes, setChanges] = useState<Changes>(new Map());
  const [error, setError] = useState<CallshopError | null>(null);

  useEffect(() => {
    const abort = new AbortController();
    const follow = async (): Promise<void> => {
      for await (const { webhookDeliveries } of client.subscribe(FollowDeliveriesDocument, { webhookId }, { signal: abort.signal })) {
        setError(null);
        setChanges((former) => remember(former, webhookDeliveries));
      }
    };
    follow().catch((cause: unknown) => {
      if (!abort.signal.aborted) setError(asError(cause));
    });
    return () => {
      abort.abort();
    };
  }, [client, webhookId, round]);

  const retry = useCallback(() => {
    setError(null);
    setRound((former) => former + 1);
  }, []);
  return { changes, error, retry };
}
