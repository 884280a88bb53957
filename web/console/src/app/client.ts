import { createClient, type CallshopClient } from '@callshop/client';
import { settingsStore } from './settings.js';

/** The client of this page: same origin, and a login of all tabs, whose refresh token no script can read. */
export function pageClient(): CallshopClient {
  return createClient({
    url: '/graphql',
    session: 'cookie',
    locale: () => settingsStore.get().language,
  });
}
