import { later, type Later, type Loads } from './later.js';
import type { Screen } from './router.js';

/** The screens that the first view does not contain: all except the board. */
export const LATER_SCREENS: Readonly<Record<Exclude<Screen, 'board'>, Later<object>>> = {
  prices: later(() => import('../prices/Prices.js').then((module) => module.Prices)),
  receipts: later(() => import('../receipts/Receipts.js').then((module) => module.Receipts)),
  register: later(() => import('../register/Register.js').then((module) => module.Register)),
  problems: later(() => import('../owner/Problems.js').then((module) => module.Problems)),
  report: later(() => import('../owner/Report.js').then((module) => module.Report)),
  equipment: later(() => import('../owner/Equipment.js').then((module) => module.Equipment)),
  wall: later(() => import('../reseller/Wall.js').then((module) => module.Wall)),
  tariffs: later(() => import('../reseller/Tariffs.js').then((module) => module.Tariffs)),
  statements: later(() => import('../accounts/Statements.js').then((module) => module.Statements)),
  users: later(() => import('../accounts/Users.js').then((module) => module.Users)),
  webhooks: later(() => import('../webhooks/Webhooks.js').then((module) => module.Webhooks)),
  settings: later(() => import('../settings/Settings.js').then((module) => module.Settings)),
};

/** The code of `screens`. The board is left out, because the first view contains it. */
export function codeOf(screens: readonly Screen[]): readonly Loads[] {
  return screens.flatMap((screen) => (screen === 'board' ? [] : [LATER_SCREENS[screen]]));
}
