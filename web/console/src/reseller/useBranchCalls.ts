import { useEffect, useState } from 'react';
import type { CallshopError } from '@callshop/client';
import { useClient } from '../app/context.js';
import { asError } from '../app/errors.js';
import { BranchCallsDocument, type BranchCallFragment } from '../generated.js';

export interface BranchCalls {
  /** The calls by the shop's id, without shops that have no calls; null until the first message. */
  readonly byShop: ReadonlyMap<string, readonly BranchCallFragment[]> | null;
  /** The error that ended the subscription. */
  readonly error: CallshopError | null;
}

function groupByShop(calls: readonly BranchCallFragment[]): ReadonlyMap<string, readonly BranchCallFragment[]> {
  const shops = new Map<string, BranchCallFragment[]>();
  for (const call of calls) {
    const known = shops.get(call.callshopId);
    if (known === undefined) shops.set(call.callshopId, [call]);
    else known.push(call);
  }
  return shops;
}

/** Follows the live calls of all shops below an account, in one subscription. */
export function useBranchCalls(accountId: string): BranchCalls {
  const client = useClient();
  const [calls, setCalls] = useState<BranchCalls>({ byShop: null, error: null });
  useEffect(() => {
    const abort = new AbortController();
    const follow = async (): Promise<void> => {
      for await (const { liveCalls } of client.subscribe(BranchCallsDocument, { accountId }, { signal: abort.signal })) {
        setCalls({ byShop: groupByShop(liveCalls.calls), error: null });
      }
    };
    follow().catch((cause: unknown) => {
      if (!abort.signal.aborted) setCalls({ byShop: null, error: asError(cause) });
    });
    return () => {
      abort.abort();
    };
  }, [client, accountId]);
  return calls;
}
