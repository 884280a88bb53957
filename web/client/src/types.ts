import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
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

/** How a call's clock goes on between two messages. The client adds it to the live calls of a board. */
export interface CallClock {
  /** How many milliseconds this machine's clock is ahead of the server's. */
  readonly skewMs: number;
  /** Seconds and cost that a screen may have shown already. What it shows later is never below them. */
  readonly leastSeconds: number;
  readonly leastCost: string;
}

export interface CallFields extends CallFieldsFragment {
  readonly clock?: CallClock;
}

export interface SessionFields extends SessionFieldsFragment {
  /** The live call as far as the session's figures contain it. The client adds it to the sessions of a board. */
  readonly counted?: CallCostFieldsFragment | null;
}

/** Account or callshop of a user, with what a screen needs to write amounts and times. */
export interface ViewerAccount {
  readonly id: string;
  readonly name: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** IANA time zone. */
  readonly timeZone: string;
  /** BCP 47 tag. */
  readonly locale: string;
  /** ISO 3166-1 alpha-2 code. */
  readonly country: string;
}

/** The user who is logged in. */
export interface Viewer {
  readonly id: string;
  /** The full login, `name@code`. */
  readonly login: string;
  readonly displayName: string;
  readonly role: Role;
  /** What the user may do. */
  readonly permissions: readonly Permission[];
  /** The user's account. For an owner or an attendant, it is the callshop. */
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

/** Keeps the session between two starts of a page. */
export interface SessionStore {
  load(): Session | null;
  save(session: Session | null): void;
}

export interface ClientOptions {
  /** HTTP(S) URL of `/graphql`; in a page, it may be relative. The WebSocket's URL is derived from it. */
  readonly url: string;
  readonly fetch?: typeof fetch;
  /** A WebSocket class, where the platform has none. */
  readonly webSocketImpl?: unknown;
  /** How subscriptions travel. Default: over one WebSocket. `eventStreams()` uses plain HTTP. */
  readonly transport?: TransportFactory;
  /** Default: the session is kept in memory only. With `session: 'cookie'`, the default is `viewerStorage(localStorage)` ({@link viewerStorage}). */
  readonly store?: SessionStore;
  /**
   * `'cookie'`: the server keeps the refresh token in a cookie that no script can read. The login lasts over reloads and in all tabs. This
   * is for pages of the server's own origin. By default, the refresh token is a part of the session.
   */
  readonly session?: 'cookie';
  /**
   * A token that cannot be refreshed, such as that of a customer's screen. The client then has no session, and ends with `UNAUTHENTICATED`
   * when the server refuses the token.
   */
  readonly token?: string;
  /** BCP 47 tag of the language of messages, sent as `Accept-Language` and as `acceptLanguage` when a socket opens. */
  readonly locale?: () => string;
}

/** A value that changes; fits React's `useSyncExternalStore`. */
export interface Watched<T> {
  get(): T;
  /** Calls the listener after each change. Returns the function that ends this. */
  subscribe(listener: () => void): () => void;
}

export interface ConnectionState {
  /**
   * `idle`: no subscription needs a connection. `connecting`: the first connection, or the next after a loss. `live`: messages
   * arrive. `offline`: the browser says that there is no network; nothing is tried until it is back.
   */
  readonly state: 'idle' | 'connecting' | 'live' | 'offline';
  /**
   * Since when, in milliseconds since 1970. From the loss of a connection until the next one is live, this is when it was lost, so a
   * screen can say "not connected for 12 s".
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
  /** Closed sessions that wait for payment, oldest first; the server sends 100 at most. */
  readonly unpaid: readonly UnpaidFields[];
  /** True from the loss of the connection until the missed events are in. */
  readonly stale: boolean;
  /**
   * The event that led to this state; null after a snapshot, and if only `stale` or a cabin's data changed. Each event comes once. It may be
   * ahead of `cabins`: the board asks for a new session or bill, which a later state has, with null here.
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
  /** Ends this login on the server, if it can be reached, and here in any case. */
  logout(): Promise<void>;
  /**
   * A query or a mutation. Top-level errors throw a {@link CallshopError}. A mutation's `userErrors` throw, too, whatever the document
   * selects of them: the error has the first one's code and message, and all of them in `userErrors`. A mutation that does not select
   * `userErrors` throws `BAD_REQUEST` after it has run.
   */
  request<T, V extends Variables>(document: TypedDocumentNode<T, V>, variables: V, options?: RequestOptions): Promise<T>;
  /**
   * A subscription over the client's one WebSocket. After a loss of the connection, it starts again; see `liveCallshop` for one that misses nothing.
   */
  subscribe<T, V extends Variables>(document: TypedDocumentNode<T, V>, variables: V, options?: RequestOptions): AsyncIterable<T>;
  /** A callshop's board: its state now, and again after every change. */
  liveCallshop(callshopId: string, options?: RequestOptions): AsyncIterable<ShopState>;
  /** One cabin of the board. */
  liveCabin(cabinId: string, options?: RequestOptions): AsyncIterable<LiveCabin>;
  /** Ends all subscriptions and timers. The login stays valid. */
  dispose(): void;
}
