import { useSyncExternalStore } from 'react';

export const SCREENS = [
  'board',
  'prices',
  'receipts',
  'register',
  'wall',
  'tariffs',
  'problems',
  'report',
  'equipment',
  'statements',
  'users',
  'webhooks',
  'settings',
] as const;
export type Screen = (typeof SCREENS)[number];

export interface Route {
  readonly screen: Screen | null;
  /** The id of the shop whose screens a reseller is viewing. Null for owners and attendants, who have only one shop. */
  readonly shopId: string | null;
}

export function parseRoute(hash: string): Route {
  const [name, shop] = hash.replace(/^#\/?/, '').split('/');
  const screen = SCREENS.find((candidate) => candidate === name) ?? null;
  return { screen, shopId: shop === undefined || shop === '' ? null : decodeURIComponent(shop) };
}

export function href(screen: Screen, shopId: string | null = null): string {
  return shopId === null ? `#/${screen}` : `#/${screen}/${encodeURIComponent(shopId)}`;
}

export function go(screen: Screen, shopId: string | null = null): void {
  window.location.hash = href(screen, shopId);
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => {
    window.removeEventListener('hashchange', listener);
  };
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return parseRoute(hash);
}
