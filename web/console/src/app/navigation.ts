import type { IconName } from '../ui/Icon.js';
import type { Screen } from './router.js';

export const NAV_ICONS: Readonly<Record<Screen, IconName>> = {
  board: 'board',
  prices: 'search',
  receipts: 'receipt',
  register: 'register',
  problems: 'alert',
  report: 'report',
  equipment: 'phone',
  wall: 'board',
  tariffs: 'tag',
  statements: 'cash',
  users: 'user',
  webhooks: 'send',
  settings: 'gear',
};
