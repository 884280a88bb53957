import { createClient, type CallshopClient } from '@callshop/client';
import { settingsStore } from './settings.js';

/** The client of this page. The client uses the page's origin. All tabs share its login, and no script can read the refresh token. */
export function pageClient(): CallshopClient {
  return createClient({
    url: '/graphql',
    session: 'cookie',
    locale: () => settingsStore.get().language,
  });
}
