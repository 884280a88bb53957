import { authorization, isUnauthenticated, problemOf, type Answer, type Send } from './http';
import { at, isFields, textAt } from './json';
import { Observable } from './observable';

export interface Login {
  readonly accessToken: string;
  /** Null for a pasted token, which cannot be refreshed. */
  readonly refreshToken: string | null;
  readonly expiresAt: string | null;
  readonly name: string;
  readonly role: string;
}

export interface SessionState {
  readonly login: Login | null;
  /** Number of logins and logouts so far. A refresh does not change this number. */
  readonly identity: number;
  /** The reason why the login ended; null if the user ended it. */
  readonly notice: string | null;
}

/** The server refused a login, a token or a refresh. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** The code of the user error; null if the server gave none. */
  readonly code: string | null;

  constructor(message: string, code: string | null = null) {
    super(message);
    this.code = code;
  }
}

const KEY = 'callshop.explorer.login';
const VIEWER = 'viewer { id displayName role }';
const TOKENS = `accessToken accessTokenExpiresAt refreshToken ${VIEWER} userErrors { code message }`;
const LOGIN = `mutation ($input: LoginInput!) { login(input: $input) { ${TOKENS} } }`;
const REFRESH = `mutation ($input: RefreshInput!) { refresh(input: $input) { ${TOKENS} } }`;
const LOGOUT = 'mutation { logout(input: {}) { done userErrors { code message } } }';
/** A token is exchanged this long before it expires. */
const EARLY_MS = 30_000;
/** Pause after a failed exchange. A longer wait would miss the 30 seconds in which a refresh token may be sent again. */
const RETRY_MS = 5_000;
/** Longest delay that a browser's timer supports. */
const LONGEST_MS = 2 ** 31 - 1;

/** The login of this tab. The login is kept in the tab's storage, and its token is exchanged before the token expires. */
export class Session {
  readonly state: Observable<SessionState>;
  readonly #send: Send;
  readonly #storage: Storage;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshing: Promise<void> | null = null;

  constructor(send: Send, storage: Storage) {
    this.#send = send;
    this.#storage = storage;
    this.state = new Observable<SessionState>({ login: stored(storage), identity: 0, notice: null });
    this.#plan();
  }

  get token(): string | null {
    return this.state.get().login?.accessToken ?? null;
  }

  /** Logs in. Without a `code`, a user with a second factor is refused with `TOTP_REQUIRED`. */
  async login(login: string, password: string, code = ''): Promise<void> {
    const input = code === '' ? { login, password } : { login, password, totp: code };
    const answer = await this.#send({ query: LOGIN, variables: { input } }, {});
    this.#begin(loginIn(answer, 'login'), null);
  }

  /** Uses a token that the user pasted, after asking the server for the token's user. */
  async paste(token: string): Promise<void> {
    const answer = await this.#send({ query: `{ ${VIEWER} }` }, authorization(token));
    const viewer = at(answer.body, 'data', 'viewer');
    if (!isFields(viewer)) {
      throw new RefusedError(problemOf(answer.body) ?? 'The token belongs to no user. Paste another token, or log in.');
    }
    this.#begin({ accessToken: token, refreshToken: null, expiresAt: null, ...named(viewer) }, null);
  }

  /** Ends the login in this tab and on the server, which closes the login's sockets. */
  async logout(): Promise<void> {
    const token = this.token;
    this.#begin(null, null);
    await this.#send({ query: LOGOUT }, authorization(token));
  }

  /** Exchanges the tokens. If an exchange is already in progress, waits for it. If the server refuses the exchange, the login ends. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#exchange().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #exchange(): Promise<void> {
    const before = this.state.get().login;
    const refreshToken = before?.refreshToken ?? null;
    if (refreshToken === null) {
      this.#begin(null, 'The token is no longer valid.');
      return;
    }
    try {
      const input = { refreshToken };
      const answer = await this.#send({ query: REFRESH, variables: { input } }, {});
      const login = loginIn(answer, 'refresh');
      if (this.state.get().login === before) {
        this.#keep({ ...this.state.get(), login });
      }
    } catch (error) {
      if (error instanceof RefusedError) {
        this.#begin(null, 'Your login has ended. Log in again.');
      } else {
        this.#wait(RETRY_MS);
      }
    }
  }

  #begin(login: Login | null, notice: string | null): void {
    this.#keep({ login, identity: this.state.get().identity + 1, notice });
  }

  #keep(state: SessionState): void {
    if (state.login === null) {
      this.#storage.removeItem(KEY);
    } else {
      this.#storage.setItem(KEY, JSON.stringify(state.login));
    }
    this.state.set(state);
    this.#plan();
  }

  #plan(): void {
    const login = this.state.get().login;
    const refreshToken = login?.refreshToken ?? null;
    const end = Date.parse(login?.expiresAt ?? '');
    clearTimeout(this.#timer);
    if (refreshToken !== null && !Number.isNaN(end)) {
      this.#wait(Math.max(1_000, end - Date.now() - EARLY_MS));
    }
  }

  #wait(milliseconds: number): void {
    clearTimeout(this.#timer);
    const exchange = (): void => {
      void this.refresh();
    };
    this.#timer = setTimeout(exchange, Math.min(milliseconds, LONGEST_MS));
  }
}

function loginIn(answer: Answer, field: 'login' | 'refresh'): Login {
  const payload = at(answer.body, 'data', field);
  const accessToken = textAt(payload, 'accessToken');
  const viewer = at(payload, 'viewer');
  if (accessToken !== null && isFields(viewer)) {
    const [refreshToken, expiresAt] = [textAt(payload, 'refreshToken'), textAt(payload, 'accessTokenExpiresAt')];
    return { accessToken, refreshToken, expiresAt, ...named(viewer) };
  }
  const told = textAt(payload, 'userErrors', 0, 'message');
  if (told !== null || isUnauthenticated(answer)) {
    throw new RefusedError(told ?? 'The login has ended. Log in again.', textAt(payload, 'userErrors', 0, 'code'));
  }
  throw new Error(problemOf(answer.body) ?? `The server answered with status ${answer.status}.`);
}

function named(viewer: unknown): Pick<Login, 'name' | 'role'> {
  return { name: textAt(viewer, 'displayName') ?? '', role: textAt(viewer, 'role') ?? '' };
}

function stored(storage: Storage): Login | null {
  try {
    const value: unknown = JSON.parse(storage.getItem(KEY) ?? 'null');
    const accessToken = textAt(value, 'accessToken');
    if (accessToken === null) {
      return null;
    }
    const [refreshToken, expiresAt] = [textAt(value, 'refreshToken'), textAt(value, 'expiresAt')];
    const [name, role] = [textAt(value, 'name') ?? '', textAt(value, 'role') ?? ''];
    return { accessToken, refreshToken, expiresAt, name, role };
  } catch {
    return null;
  }
}
