import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { CallshopError, TransportCode, isPassing, notLoggedIn, userErrorOf } from './errors.js';
import {
  LoginDocument,
  LogoutDocument,
  RefreshDocument,
  ShopViewerDocument,
  ViewerDocument,
  type Role,
  type TokenFieldsFragment,
} from './generated.js';
import { post, type Answer, type Endpoint, type PostOptions } from './http.js';
import type { Session, SessionStore, Viewer } from './types.js';
import { Backoff, pause } from './waiting.js';
import { Value } from './watched.js';

/** A token is replaced this long before it expires. A token with a short lifetime is replaced in the last quarter of its lifetime. */
const RENEW_BEFORE_MS = 60_000;
/** A token that expires sooner than this is not sent, because it may expire before the request arrives. */
const LAST_MOMENT_MS = 5_000;
/**
 * Minimum assumed lifetime of a new token. A new token must not look expired even if this machine's clock is wrong; otherwise, the client would
 * refresh the token repeatedly.
 */
const LEAST_LIFE_MS = 30_000;
/** How long a refresh is repeated after a lost response. The server accepts the same token again for 30 s. */
const REPEAT_WITHIN_MS = 25_000;
const REFRESH_TIMEOUT_MS = 8_000;
/** A delay that stands for "never": almost the longest that a browser's timer supports. */
const NEVER_MS = 2_000_000_000;

const SHOP_ROLES: ReadonlySet<Role> = new Set<Role>(['CALLSHOP_OWNER', 'ATTENDANT']);
/** Only these codes end the session here, because they mean that the server has read the refresh token and refused it. */
const REFUSALS: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'BAD_CREDENTIALS', 'FORBIDDEN', 'INVALID_INPUT']);

type Tokens = Pick<Session, 'accessToken' | 'accessTokenExpiresAt' | 'refreshToken'>;

/** Holds the session, and replaces its access token before it expires or when the server refuses it. */
export class SessionKeeper {
  readonly session: Value<Session | null>;
  readonly #endpoint: Endpoint;
  readonly #store: SessionStore;
  /** When the current access token expires, and when to replace it, by this machine's clock. */
  #expiresAt = 0;
  #renewAt = 0;
  #refreshing: Promise<Session> | null = null;
  /** A token that is sent unchanged, without a session. */
  readonly #fixed: string | null;
  /** Whether the server has refused the fixed token. */
  #isRefused = false;
  /** Whether the browser keeps the refresh token in a cookie. */
  readonly #inCookie: boolean;

  constructor(endpoint: Endpoint, store: SessionStore, fixed: string | null = null, inCookie = false) {
    this.#endpoint = endpoint;
    this.#fixed = fixed;
    this.#inCookie = inCookie;
    this.#store = store;
    const kept = store.load();
    this.session = new Value(kept);
    if (kept !== null) {
      this.#expire(Date.parse(kept.accessTokenExpiresAt));
    }
  }

  async login(login: string, password: string, code?: string): Promise<Session> {
    const secrets = code === undefined ? { password } : { password, totp: code };
    const input = this.#inCookie ? { login, ...secrets, cookie: true } : { login, ...secrets };
    const answer = await this.#post(LoginDocument, { input });
    const tokens = this.#tokensOf(answer.data.login, answer.requestId);
    // the response to `login` contains neither the account nor the callshop
    const viewer = await this.#viewer(tokens.role, tokens.accessToken);
    // end the subscriptions of the previous login
    this.#set(null);
    return this.#accept(tokens, viewer, answer.date);
  }

  /** Forgets the session here, and ends it on the server if the server can be reached. */
  async logout(): Promise<void> {
    const session = this.session.get();
    // the server removes the cookie only if the token is valid; if the server cannot be reached, the cookie stays but is not used again
    const token = this.#inCookie && session !== null ? await this.token().catch(() => session.accessToken) : session?.accessToken;
    this.#set(null);
    if (token === undefined) {
      return;
    }
    try {
      await this.#post(LogoutDocument, { input: {} }, { token });
    } catch (error) {
      // the tokens are forgotten, and expire on their own
      if (!(error instanceof CallshopError)) {
        throw error;
      }
    }
  }

  /** A valid access token. Waits for a refresh only if the current token has expired or is about to expire. */
  async token(): Promise<string> {
    if (this.#fixed !== null) {
      if (this.#isRefused) {
        throw notLoggedIn();
      }
      return this.#fixed;
    }
    const session = this.session.get();
    if (session === null) {
      throw notLoggedIn();
    }
    const now = Date.now();
    if (now > this.#expiresAt - LAST_MOMENT_MS) {
      return (await this.refresh()).accessToken;
    }
    if (now > this.#renewAt) {
      // refresh in the background; if the refresh fails, a later request tries again
      this.refresh().catch(() => undefined);
    }
    return session.accessToken;
  }

  /** Returns a token other than `refused`, which the server has refused. If the session has no other token yet, refreshes the session. */
  async replace(refused: string): Promise<string> {
    this.#isRefused = refused === this.#fixed;
    const session = this.session.get();
    if (session !== null && session.accessToken !== refused) {
      return session.accessToken;
    }
    return (await this.refresh()).accessToken;
  }

  /** Whether requests need no session, because the token is fixed. */
  get isFixed(): boolean {
    return this.#fixed !== null;
  }

  /** Milliseconds until the current token should be replaced. */
  renewIn(): number {
    return this.#fixed !== null ? NEVER_MS : Math.max(0, this.#renewAt - Date.now());
  }

  /** Refreshes the session. If a refresh is already in progress, returns the result of that refresh. */
  refresh(): Promise<Session> {
    this.#refreshing ??= this.#exchange().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #exchange(): Promise<Session> {
    const session = this.session.get();
    if (session === null) {
      throw notLoggedIn();
    }
    const newer = this.#fromAnotherTab(session);
    if (newer !== null) {
      return newer;
    }
    try {
      const ask = (): Promise<Answer<RefreshAnswer>> => this.#askUntilAnswered(session.refreshToken);
      const answer = await (this.#inCookie ? oneTabAtATime(ask) : ask());
      const tokens = this.#tokensOf(answer.data.refresh, answer.requestId);
      if (this.session.get() !== session) {
        // the user logged out, or another user logged in, before the response arrived
        throw notLoggedIn();
      }
      if (tokens.viewer.id !== session.viewer.id) {
        // another user has logged in from another tab, so the cookie no longer belongs to the user of this page
        this.session.set(null);
        throw notLoggedIn();
      }
      return this.#accept(tokens, { ...session.viewer, ...tokens.viewer }, answer.date);
    } catch (error) {
      if (!(error instanceof CallshopError) || !REFUSALS.has(error.code) || this.session.get() !== session) {
        throw error;
      }
      const other = this.#fromAnotherTab(session);
      if (other !== null) {
        return other;
      }
      this.#set(null);
      throw new CallshopError(TransportCode.UNAUTHENTICATED, 'The login has ended. Log in again.', { cause: error });
    }
  }

  /** Repeats the refresh with the same token until a response arrives, or until another repetition could end the login. */
  async #askUntilAnswered(refreshToken: string | null): Promise<Answer<RefreshAnswer>> {
    const input = refreshToken === null ? {} : { refreshToken };
    const until = Date.now() + REPEAT_WITHIN_MS;
    const backoff = new Backoff(250, 4_000);
    for (;;) {
      try {
        return await this.#post(RefreshDocument, { input }, { timeoutMs: REFRESH_TIMEOUT_MS });
      } catch (error) {
        const wait = backoff.next();
        if (!isPassing(error) || Date.now() + wait > until) {
          throw error;
        }
        await pause(wait);
      }
    }
  }

  /** The session that another tab has stored, if the tabs share a store and the other tab has already refreshed; otherwise null. */
  #fromAnotherTab(session: Session): Session | null {
    const kept = this.#store.load();
    if (kept?.viewer.id !== session.viewer.id || kept.refreshToken === session.refreshToken) {
      return null;
    }
    this.#expire(Date.parse(kept.accessTokenExpiresAt));
    this.session.set(kept);
    return kept;
  }

  async #viewer(role: Role, token: string): Promise<Viewer> {
    if (SHOP_ROLES.has(role)) {
      const viewer = (await this.#post(ShopViewerDocument, {}, { token })).data.viewer;
      if (viewer?.callshop) {
        return { ...viewer, account: viewer.callshop };
      }
    } else {
      const viewer = (await this.#post(ViewerDocument, {}, { token })).data.viewer;
      if (viewer?.account) {
        return { ...viewer, account: viewer.account, callshop: null };
      }
    }
    throw new CallshopError(TransportCode.BAD_RESPONSE, 'The server does not say whose login this is.');
  }

  #tokensOf(payload: TokenFieldsFragment, requestId: string | null): Tokens & { role: Role; viewer: LoginFields } {
    const error = userErrorOf(payload.userErrors, requestId);
    if (error !== null) {
      throw error;
    }
    const { accessToken, accessTokenExpiresAt, refreshToken, viewer } = payload;
    const isComplete = this.#inCookie || refreshToken !== null;
    if (accessToken === null || accessTokenExpiresAt === null || viewer === null || !isComplete) {
      throw new CallshopError(TransportCode.BAD_RESPONSE, 'The server answered a login without tokens.');
    }
    return { accessToken, accessTokenExpiresAt, refreshToken, role: viewer.role, viewer };
  }

  #accept(tokens: Tokens, viewer: Viewer, date: string | null): Session {
    const { accessToken, accessTokenExpiresAt, refreshToken } = tokens;
    const now = Date.now();
    const serverNow = date === null ? now : Date.parse(date);
    this.#expire(now + Math.max(LEAST_LIFE_MS, Date.parse(accessTokenExpiresAt) - serverNow));
    const session = { accessToken, accessTokenExpiresAt, refreshToken, viewer };
    this.#set(session);
    return session;
  }

  #expire(at: number): void {
    this.#expiresAt = at;
    this.#renewAt = at - Math.min(RENEW_BEFORE_MS, Math.max(0, at - Date.now()) / 4);
  }

  #set(session: Session | null): void {
    this.#store.save(session);
    this.session.set(session);
  }

  #post<T, V>(document: TypedDocumentNode<T, V>, variables: V, options: PostOptions = {}): Promise<Answer<T>> {
    return post(this.#endpoint, document, variables, options);
  }
}

interface RefreshAnswer {
  readonly refresh: TokenFieldsFragment;
}

type LoginFields = Pick<Viewer, 'id' | 'login' | 'displayName' | 'role'>;

/**
 * The tabs of a browser share the cookie, and each refresh replaces the cookie. If a tab sent the previous cookie too late, the server would end the
 * login of all tabs. Browsers offer locks only to pages that use TLS or come from this machine. On other pages, the server's tolerance of 30 s is
 * enough in most cases.
 */
function oneTabAtATime<T>(work: () => Promise<T>): Promise<T> {
  return typeof navigator !== 'undefined' && 'locks' in navigator
    ? new Promise<T>((resolve, reject) => {
        navigator.locks.request('callshop.refresh', () => work().then(resolve, reject)).catch(reject);
      })
    : work();
}
