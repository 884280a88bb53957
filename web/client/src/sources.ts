import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import {
  CabinActivityDocument,
  CabinHeadDocument,
  CallCostsDocument,
  CallshopActivityDocument,
  CallshopCostsDocument,
  CallshopHeadDocument,
  RefetchCabinsDocument,
  RefetchCounterDocument,
  type CabinWithSessionFragment,
  type CallCostFieldsFragment,
  type CallCostsQuery,
  type CallshopActivitySubscription,
  type RefetchCabinsQuery,
} from './generated.js';
import type { Snapshot } from './board.js';
import type { BoardSource, Head } from './live.js';
import type { Transport } from './transport.js';
import { pause } from './waiting.js';

/** Interval of cost updates: long enough to spare a phone's data plan, and short enough to show a new billing step soon. */
const COSTS_EVERY_SECONDS = 2;

export type Request = <T, V extends Record<string, unknown>>(document: TypedDocumentNode<T, V>, variables: V, signal: AbortSignal) => Promise<T>;

/** The source of a whole callshop's board. */
export function shopSource(transport: Transport, request: Request, callshopId: string): BoardSource {
  return {
    follow: (after, next, signal) =>
      transport.run(
        CallshopActivityDocument,
        { callshopId, after },
        ({ callshopActivity: { cursor, snapshot, event } }) => {
          next({ cursor, snapshot: snapshot === null ? null : withCounter(snapshot), event });
        },
        signal,
      ),
    head: (next, signal) => first(transport, CallshopHeadDocument, { callshopId }, (data) => next(headOf(data.callshopActivity)), signal),
    costs: (_live, next, signal) =>
      transport.run(CallshopCostsDocument, { callshopId, everySeconds: COSTS_EVERY_SECONDS }, (data) => next(data.liveCalls.calls), signal),
    ask: (ids, signal) => ask(request, ids, signal),
    askCounter: async (signal) => {
      const { currentRegister, sessions } = await request(RefetchCounterDocument, { callshopId }, signal);
      return { register: currentRegister, unpaid: sessions.nodes };
    },
  };
}

type ShopSnapshot = NonNullable<CallshopActivitySubscription['callshopActivity']['snapshot']>;

function withCounter({ register, unpaidSessions, ...rest }: ShopSnapshot): Snapshot {
  return { ...rest, counter: { register, unpaid: unpaidSessions } };
}

/** The source of a board with a single cabin. */
export function cabinSource(transport: Transport, request: Request, cabinId: string): BoardSource {
  return {
    follow: (after, next, signal) =>
      transport.run(
        CabinActivityDocument,
        { cabinId, after },
        ({ cabinActivity: { cursor, snapshot, event } }) => {
          const board = snapshot === null ? null : { ...snapshot, cabins: [snapshot.cabin], counter: null };
          next({ cursor, snapshot: board, event });
        },
        signal,
      ),
    head: (next, signal) => first(transport, CabinHeadDocument, { cabinId }, (data) => next(headOf(data.cabinActivity)), signal),
    costs: async (live, next, signal) => {
      // the API has no subscription to the live calls of one cabin
      while (!signal.aborted) {
        const ids = live();
        if (ids.length > 0) {
          const { nodes } = await request(CallCostsDocument, { ids }, signal);
          next(nodes.filter(isCallCost));
        }
        await pause(COSTS_EVERY_SECONDS * 1000, signal);
      }
    },
    ask: (ids, signal) => ask(request, ids, signal),
    askCounter: () => Promise.reject(new TypeError('The board of a cabin has no counter.')),
  };
}

function headOf(message: { readonly cursor: string; readonly snapshot: { readonly asOf: string } | null }): Head {
  return { cursor: message.cursor, asOf: message.snapshot?.asOf ?? null };
}

/** Passes the first message of a subscription to `next`, and ends the subscription. */
async function first<T, V extends Record<string, unknown>>(
  transport: Transport,
  document: TypedDocumentNode<T, V>,
  variables: V,
  next: (data: T) => void,
  signal: AbortSignal,
): Promise<void> {
  const enough = new AbortController();
  const stop = (): void => {
    enough.abort();
  };
  signal.addEventListener('abort', stop);
  const take = (data: T): void => {
    if (!enough.signal.aborted) {
      enough.abort();
      next(data);
    }
  };
  try {
    await transport.run(document, variables, take, enough.signal);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function ask(request: Request, ids: readonly string[], signal: AbortSignal): Promise<readonly (CabinWithSessionFragment | null)[]> {
  const { nodes } = await request(RefetchCabinsDocument, { ids }, signal);
  return nodes.map((node) => (isCabin(node) ? node : null));
}

function isCabin(node: RefetchCabinsQuery['nodes'][number]): node is CabinWithSessionFragment {
  return node !== null && 'currentSession' in node;
}

function isCallCost(node: CallCostsQuery['nodes'][number]): node is CallCostFieldsFragment {
  return node !== null && 'cost' in node;
}
