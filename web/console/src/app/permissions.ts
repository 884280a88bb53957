import type { Permission, Viewer } from '@callshop/client';
import { useViewer } from './context.js';
import { SCREENS, type Screen } from './router.js';

/** The permission without which a screen is of no use. Everyone has the settings. */
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
  settings: null,
};

/** What somebody above a shop sees of it, in this order. */
export const INSIDE_SHOP: readonly Screen[] = ['board', 'equipment', 'prices', 'receipts'];

/** The screens of a user, the first one being the home. The equipment is that of one shop, so those above find it inside of a shop. */
export function screensOf({ permissions, callshop }: Pick<Viewer, 'permissions' | 'callshop'>): readonly Screen[] {
  return SCREENS.filter((screen) => {
    const needed = NEEDS[screen];
    return (needed === null || permissions.includes(needed)) && (screen !== 'equipment' || callshop !== null);
  });
}

/** Whether the user may do this. The server decides; a screen only hides what would be refused. */
export function useMay(permission: Permission): boolean {
  return useViewer().permissions.includes(permission);
}
