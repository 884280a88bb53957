import type { Viewer } from '@callshop/client';
import type { AccountType, Role } from './generated.js';

/** The account or callshop that a screen is about. */
export interface AccountRef {
  readonly id: string;
  readonly kind: AccountType;
  readonly name: string;
  /** IANA time zone. */
  readonly timeZone: string;
}

const KINDS: Readonly<Record<Role, AccountType>> = {
  ADMIN: 'PLATFORM',
  DISTRIBUTOR: 'DISTRIBUTOR',
  RESELLER: 'RESELLER',
  CALLSHOP_OWNER: 'CALLSHOP',
  ATTENDANT: 'CALLSHOP',
};

/** The viewer's own account. */
export function ownAccount({ account, role }: Pick<Viewer, 'account' | 'role'>): AccountRef {
  return { id: account.id, kind: KINDS[role], name: account.name, timeZone: account.timeZone };
}

/** The roles of the users of each kind of account. */
const ROLES: Readonly<Record<AccountType, readonly Role[]>> = {
  PLATFORM: ['ADMIN'],
  DISTRIBUTOR: ['DISTRIBUTOR'],
  RESELLER: ['RESELLER'],
  CALLSHOP: ['CALLSHOP_OWNER', 'ATTENDANT'],
};

/**
 * The roles of the account's users that the viewer may create and change. An account's users are managed by the accounts above it, except that owners
 * manage their own attendants, and administrators manage each other.
 */
export function managedRoles({ account, role, permissions }: Pick<Viewer, 'account' | 'role' | 'permissions'>, of: Pick<AccountRef, 'id' | 'kind'>): readonly Role[] {
  if (of.id !== account.id) return permissions.includes('MANAGE_ACCOUNTS') ? ROLES[of.kind] : [];
  if (permissions.includes('MANAGE_ATTENDANTS')) return ['ATTENDANT'];
  return role === 'ADMIN' ? ROLES.PLATFORM : [];
}
