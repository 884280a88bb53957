import { isRecord } from './errors.js';
import { Role } from './generated.js';
import type { Session, SessionStore, Viewer, ViewerAccount } from './types.js';

/** Keeps the session while the program runs. */
export function memoryStore(): SessionStore {
  let kept: Session | null = null;
  return {
    load: () => kept,
    save: (session) => {
      kept = session;
    },
  };
}

const KEY = 'callshop.session';

/** Keeps the session in `sessionStorage` (one tab, until it is closed) or `localStorage` (all tabs, until logout). */
export function webStorage(storage: Storage): SessionStore {
  return {
    load() {
      const session = parse(storage.getItem(KEY));
      return isSession(session) ? session : null;
    },
    save(session) {
      if (session === null) {
        storage.removeItem(KEY);
      } else {
        storage.setItem(KEY, JSON.stringify(session));
      }
    },
  };
}

const VIEWER_KEY = 'callshop.viewer';
/** A stored viewer has no access token, so the token counts as expired, and the first request gets a token with the cookie. */
const LONG_AGO = new Date(0).toISOString();

/** Stores the logged-in user, but no token: the refresh token is in a cookie, and each page keeps its own access token in memory. */
export function viewerStorage(storage: Storage): SessionStore {
  return {
    load() {
      const viewer = parse(storage.getItem(VIEWER_KEY));
      return isViewer(viewer) ? { accessToken: '', accessTokenExpiresAt: LONG_AGO, refreshToken: null, viewer } : null;
    },
    save(session) {
      if (session === null) {
        storage.removeItem(VIEWER_KEY);
      } else {
        storage.setItem(VIEWER_KEY, JSON.stringify(session.viewer));
      }
    },
  };
}

function parse(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** Whether the stored value is a session. Another version of this package may have stored a different format. */
function isSession(value: unknown): value is Session {
  return isRecord(value) && hasTexts(value, ['accessToken', 'accessTokenExpiresAt', 'refreshToken']) && isViewer(value.viewer);
}

function isViewer(value: unknown): value is Viewer {
  return (
    isRecord(value) &&
    hasTexts(value, ['id', 'login', 'displayName', 'role']) &&
    Object.hasOwn(Role, String(value.role)) &&
    Array.isArray(value.permissions) &&
    isAccount(value.account) &&
    (value.callshop === null || isAccount(value.callshop))
  );
}

function isAccount(value: unknown): value is ViewerAccount {
  return isRecord(value) && hasTexts(value, ['id', 'name', 'currency', 'timeZone', 'locale', 'country']);
}

function hasTexts(value: Record<string, unknown>, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === 'string');
}
