import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { Endpoint } from './http.js';
import type { SessionKeeper } from './session.js';
import type { ConnectionState, Watched } from './types.js';

/** An operation ended because the connection was lost. The next attempt may begin once `ready()` has resolved. */
export class ConnectionLost extends Error {}

/** Runs subscriptions: all of them over one WebSocket, or each over an HTTP response of its own. */
export interface Transport {
  readonly connection: Watched<ConnectionState>;
  /** Registers a subscription that is about to begin. Call the returned function when the subscription ends. */
  want(): () => void;
  /** Waits until the next attempt may begin with a valid token. Throws an error if the token cannot be refreshed. */
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

/** The parts of the client that a transport uses. */
export interface TransportParts {
  readonly endpoint: Endpoint;
  readonly keeper: SessionKeeper;
}

export type TransportFactory = (parts: TransportParts) => Transport;
