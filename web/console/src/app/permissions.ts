import type { Permission, Viewer } from '@callshop/client';
import { useViewer } from './context.js';
import { SCREENS, type Screen } from './router.js';

/** The permission that a screen requires. The settings require none. */
const NEEDS: Readonly<Record<Screen, Permission | null>> = {
  board: 'OPERATE_CABINS',
  prices: 'OPERATE_CABINS',
  receipts: 'OPERATE_CABINS',
  register: 'OPERATE_REGISTER',
  wall: 'MANAGE_ACCOUNTS',
  tariffs: 'MANAGE_TARIFFS',
  problems: 'SEE_COST',
  report: 'SEE_COST',
  equipment: 'MANAGE_CABINS',
  statements: 'SEE_CREDIT',
  users: 'SEE_ACCOUNTS',
  webhooks: 'MANAGE_WEBHOOKS',
  settings: null,
};

/** The screens of a shop for users of the accounts above it, in this order. */
export const INSIDE_SHOP: readonly Screen[] = ['board', 'equipment', 'prices', 'receipts', 'statements', 'users'];

/**
 * The screens of a user; the first is the home screen. The equipment belongs to one shop, so users of the accounts above a shop find this screen
 * inside the shop.
 */
export function screensOf({ permissions, callshop }: Pick<Viewer, 'permissions' | 'callshop'>): readonly Screen[] {
  return SCREENS.filter((screen) => {
    const needed = NEEDS[screen];
    return (needed === null || permissions.includes(needed)) && (screen !== 'equipment' || callshop !== null);
  });
}

/** Whether the user has this permission. The server checks permissions; the page only hides actions that the server would refuse. */
export function useMay(permission: Permission): boolean {
  return useViewer().permissions.includes(permission);
}
