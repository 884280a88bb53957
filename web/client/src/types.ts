import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { Rounding } from './charge.js';
import type {
  ActivityFieldsFragment,
  CabinFieldsFragment,
  CallCostFieldsFragment,
  CallFieldsFragment,
  MoneyFieldsFragment,
  Permission,
  RegisterFieldsFragment,
  Role,
  SessionFieldsFragment,
  UnpaidFieldsFragment,
} from './generated.js';
import type { TransportFactory } from './transport.js';

export type Money = MoneyFieldsFragment;
export type CabinFields = CabinFieldsFragment;
export type RegisterFields = RegisterFieldsFragment;
export type UnpaidFields = UnpaidFieldsFragment;
export type ActivityEvent = ActivityFieldsFragment;

/** Data for computing a call's time and cost between two messages. The client adds this object to the live calls of a board. */
export interface CallClock {
  /** How many milliseconds this machine's clock is ahead of the server's. */
  readonly skewMs: number;
  /** Time and cost that a screen may already have shown. Values that are shown later are never lower than these. */
  readonly leastSeconds: number;
  readonly leastCost: string;
  /** The rounding rules that agree with every cost that the server has sent for the call. Empty if the client cannot compute the call's cost. */
  readonly roundings: readonly Rounding[];
}

export interface CallFields extends CallFieldsFragment {
  readonly clock?: CallClock;
}

export interface SessionFields extends SessionFieldsFragment {
  /** The part of the live call that the session's figures already contain. The client adds this field to the sessions of a board. */
  readonly counted?: CallCostFieldsFragment | null;
}

/** Account or callshop of a user, with the data that a screen needs to format amounts and times. */
export interface ViewerAccount {
  readonly id: string;
  readonly name: string;
  /** Currency, as an ISO 4217 code. */
  readonly currency: string;
  /** IANA time zone, such as "America/Sao_Paulo". */
  readonly timeZone: string;
  /** Language and region, as a BCP 47 tag such as "pt-BR". */
  readonly locale: string;
  /** Country, as an ISO 3166-1 alpha-2 code. */
  readonly country: string;
}

/** The user who is logged in. */
export interface Viewer {
  readonly id: string;
  /** The full login, `name@code`. */
  readonly login: string;
  readonly displayName: string;
  readonly role: Role;
  /** The actions that the user may perform. */
  readonly permissions: readonly Permission[];
  /** The user's account. For an owner or an attendant, this account is the callshop. */
  readonly account: ViewerAccount;
  /** The callshop of an owner or an attendant; null for everyone else. */
  readonly callshop: ViewerAccount | null;
}

export interface Session {
  readonly accessToken: string;
  readonly accessTokenExpiresAt: string;
  /** Null if the browser keeps the refresh token in a cookie, where no script can read it. */
  readonly refreshToken: string | null;
  readonly viewer: Viewer;
}

/** Stores the session, for example so that it survives a reload of the page. */
export interface SessionStore {
  load(): Session | null;
  save(session: Session | null): void;
}

export interface ClientOptions {
  /** HTTP(S) URL of `/graphql`; in a page, it may be relative. The WebSocket's URL is derived from this URL. */
  readonly url: string;
  readonly fetch?: typeof fetch;
  /** A WebSocket class, for a platform without one. */
  readonly webSocketImpl?: unknown;
  /** Transport of subscriptions. By default, all subscriptions share one WebSocket. `eventStreams()` uses plain HTTP. */
  readonly transport?: TransportFactory;
  /** Default: the session is kept in memory only. With `session: 'cookie'`, the default is `viewerStorage(localStorage)` ({@link viewerStorage}). */
  readonly store?: SessionStore;
  /**
   * `'cookie'`: the server keeps the refresh token in a cookie that no script can read. The login survives reloads and is shared by all tabs. Use
   * `'cookie'` only for pages of the server's own origin. By default, the refresh token is a part of the session.
   */
  readonly session?: 'cookie';
  /**
   * A token that cannot be refreshed, such as that of a customer's screen. With such a token, the client has no session. When the server refuses the
   * token, all subscriptions and requests fail with `UNAUTHENTICATED`.
   */
  readonly token?: string;
  /** BCP 47 tag of the language of messages, sent as `Accept-Language` and as `acceptLanguage` when a socket opens. */
  readonly locale?: () => string;
}

/** A value that changes over time. The value's two functions can be passed to React's `useSyncExternalStore`. */
export interface Watched<T> {
  get(): T;
  /** Calls the listener after each change. Returns a function that removes the listener. */
  subscribe(listener: () => void): () => void;
}

export interface ConnectionState {
  /**
   * `idle`: no subscription needs a connection. `connecting`: the client is connecting, for the first time or after a loss. `live`: messages arrive.
   * `offline`: the browser reports that there is no network; the client does not try to connect until the network is back.
   */
  readonly state: 'idle' | 'connecting' | 'live' | 'offline';
  /**
   * When the state began, in milliseconds since 1970. After a connection is lost, the value stays the time of the loss until the next connection is
   * live, so that a screen can say "not connected for 12 s".
   */
  readonly since: number;
}

/** A cabin of the board: everything that its tile shows. */
export interface CabinView {
  readonly cabin: CabinFields;
  /** The session of the customer in the cabin. */
  readonly session: SessionFields | null;
  readonly liveCall: CallFields | null;
}

export interface ShopState {
  /** When the server sent this state, or the event that led to it, by the server's clock. */
  readonly asOf: string;
  /** Position after the last event in this state. */
  readonly cursor: string;
  /** All cabins in use, by number. */
  readonly cabins: readonly CabinView[];
  /** The open shift; null while the register is closed. */
  readonly register: RegisterFields | null;
  /** Closed sessions that wait for payment, oldest first; at most 100. */
  readonly unpaid: readonly UnpaidFields[];
  /** True from the loss of the connection until the missed events have arrived. */
  readonly stale: boolean;
  /**
   * The event that led to this state; null after a snapshot, and if only `stale`, a cost or requested data changed. Each event appears once. An event
   * may be ahead of `cabins`: the board requests a new session or bill, which arrives in a later state whose `lastEvent` is null.
   */
  readonly lastEvent: ActivityEvent | null;
}

export interface LiveCabin extends CabinView {
  readonly asOf: string;
  readonly stale: boolean;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

type Variables = Record<string, unknown>;

export interface CallshopClient {
  readonly session: Watched<Session | null>;
  readonly connection: Watched<ConnectionState>;
  /**
   * Throws a {@link CallshopError}. `TOTP_REQUIRED` asks for the same login again with a `code`: six digits of the user's authenticator
   * app, or a recovery code.
   */
  login(login: string, password: string, code?: string): Promise<Session>;
  /** Ends the session here, and also on the server if the server can be reached. */
  logout(): Promise<void>;
  /**
   * A query or a mutation. Top-level errors throw a {@link CallshopError}. If a mutation returns `userErrors`, the request also throws, regardless of
   * the fields of `userErrors` that the document selects. The thrown error has the code and message of the first user error, and the list of all user
   * errors in `userErrors`. If the document does not select `userErrors`, the mutation runs, and then `BAD_REQUEST` is thrown.
   */
  request<T, V extends Variables>(document: TypedDocumentNode<T, V>, variables: V, options?: RequestOptions): Promise<T>;
  /**
   * Sends a file to an address that the API gave, such as `TariffImport.uploadUrl`. There is no timeout. If the upload fails, request the address
   * again, because it may have changed. Throws a {@link CallshopError} on failure.
   */
  upload(uploadUrl: string, file: Blob, options?: RequestOptions): Promise<void>;
  /**
   * A subscription over the client's transport. After the connection is lost, the subscription starts again and may miss events; `liveCallshop`
   * misses none.
   */
  subscribe<T, V extends Variables>(document: TypedDocumentNode<T, V>, variables: V, options?: RequestOptions): AsyncIterable<T>;
  /** A callshop's board: yields its current state, and the new state after every change. */
  liveCallshop(callshopId: string, options?: RequestOptions): AsyncIterable<ShopState>;
  /** A board of one cabin. Ends when the cabin is retired. */
  liveCabin(cabinId: string, options?: RequestOptions): AsyncIterable<LiveCabin>;
  /** Ends all subscriptions and timers. The login stays valid. */
  dispose(): void;
}
