import type { Viewer } from '@callshop/client';
import type { Screen } from './router.js';

type Role = Viewer['role'];

/** Works at a counter: opens cabins, takes money. The accounts above a shop only look. */
export function operates(role: Role): boolean {
  return role === 'ATTENDANT' || role === 'CALLSHOP_OWNER';
}

export function managesPhones(role: Role): boolean {
  return role === 'ADMIN' || role === 'DISTRIBUTOR' || role === 'RESELLER';
}

const ATTENDANT: readonly Screen[] = ['board', 'prices', 'receipts', 'register', 'settings'];
const OWNER: readonly Screen[] = ['board', 'prices', 'receipts', 'register', 'problems', 'report', 'equipment', 'settings'];
const ABOVE: readonly Screen[] = ['wall', 'tariffs', 'problems', 'report', 'settings'];
/** What a reseller sees of one shop, in this order. */
export const INSIDE_SHOP: readonly Screen[] = ['board', 'equipment', 'prices', 'receipts'];

/** The screens of a role, the first one being its home. */
export function screensOf(role: Role): readonly Screen[] {
  if (role === 'ATTENDANT') return ATTENDANT;
  return role === 'CALLSHOP_OWNER' ? OWNER : ABOVE;
}
