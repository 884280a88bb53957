import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { Endpoint } from './http.js';
import type { SessionKeeper } from './session.js';
import type { ConnectionState, Watched } from './types.js';

/** The loss of the connection ended an operation. The next attempt may begin when `ready()` says so. */
export class ConnectionLost extends Error {}

/** Runs subscriptions: over one WebSocket, or over one HTTP response each. */
export interface Transport {
  readonly connection: Watched<ConnectionState>;
  /** Says that a subscription begins. Call the returned function when it ends. */
  want(): () => void;
  /** Waits until the next attempt may begin, with a token that works. Throws what the refresh of the token throws. */
  ready(signal: AbortSignal): Promise<void>;
  /** Runs one operation until the server completes it. Throws `ConnectionLost`, or a `CallshopError` of the operation. */
  run<T, V extends Record<string, unknown>>(
    document: TypedDocumentNode<T, V>,
    variables: V,
    next: (data: T) => void,
    signal: AbortSignal,
  ): Promise<void>;
  dispose(): void;
}

/** What a transport is made from. */
export interface TransportParts {
  readonly endpoint: Endpoint;
  readonly keeper: SessionKeeper;
}

export type TransportFactory = (parts: TransportParts) => Transport;
