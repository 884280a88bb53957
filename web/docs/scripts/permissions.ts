import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { table } from './markdown';
import { REPOSITORY } from './paths';

/** The roles in the order of their power over accounts, as the sources name them. */
export const ROLES = ['ADMIN', 'DISTRIBUTOR', 'RESELLER', 'OWNER', 'ATTENDANT'] as const;
export type Role = (typeof ROLES)[number];

export interface Visible {
  /** `Query.viewer`, `Call.margin`, or a type's name. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** Whether callers without a login see the field or type. */
  readonly anonymous: boolean;
  /** Whether the field or type exists only in a sandbox, such as the demo. */
  readonly sandbox: boolean;
}

const TITLES: Readonly<Record<Role, string>> = {
  ADMIN: 'Admin',
  DISTRIBUTOR: 'Distributor',
  RESELLER: 'Reseller',
  OWNER: 'Owner',
  ATTENDANT: 'Attendant',
};

/** The roles that the sources declare for root fields, and for types and fields that some roles do not see. */
export async function declarations(): Promise<readonly Visible[]> {
  const folder = join(REPOSITORY, 'graphql/src');
  const sets = roleSets(await readFile(join(folder, 'roles.rs'), 'utf8'));
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.rs')).sort();
  const found: Visible[] = [];
  for (const name of names) {
    for (const [member, set] of declared(await readFile(join(folder, name), 'utf8'))) {
      const roles = sets.get(set);
      if (roles === undefined) {
        throw new Error(`${name} uses the roles ${set}, which roles.rs does not define.`);
      }
      found.push({
        name: member,
        roles: ROLES.filter((role) => roles.has(role)),
        anonymous: roles.has('ANONYMOUS'),
        sandbox: roles.has('SANDBOX'),
      });
    }
  }
  return found;
}

/** The constants of `roles.rs`. Each constant is one role, or a union of other constants. */
function roleSets(source: string): ReadonlyMap<string, ReadonlySet<string>> {
  const sets = new Map<string, ReadonlySet<string>>();
  for (const [, name = '', value = ''] of source.matchAll(/pub const (\w+): RoleSet = ([^;]+);/g)) {
    const isOne = value.includes('RoleSet::role(');
    const parts = [...value.matchAll(/\b[A-Z_]{3,}\b/g)].flatMap(([part]) => [...(sets.get(part) ?? [])]);
    sets.set(name, new Set(isOne ? [name] : parts));
  }
  return sets;
}

/** The types and fields in one file that declare roles, each with the name of the constant that lists the roles. */
function declared(source: string): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  let owner = '';
  let named: string | null = null;
  let waiting: string | null = null;
  // the formatter breaks long attributes
  const joined = source.replace(/#\[(?:field|object)\(\n[^\]]*\n\s*\)\]/g, (attribute) =>
    attribute.replace(/\(\s+/, '(').replace(/\s+\)\]$/, ')]').replace(/\s+/g, ' '),
  );
  for (const line of joined.split('\n')) {
    const attribute = /^\s*#\[(?:field|object)\((.*)\)\]$/.exec(line)?.[1];
    if (attribute !== undefined) {
      // `root` or `name` gives the name that the following block has in the schema
      named = /\b(?:root|name) = "(\w+)"/.exec(attribute)?.[1] ?? named;
      waiting = /\broles = (\w+)/.exec(attribute)?.[1] ?? waiting;
      continue;
    }
    const block = /^(?:impl|(?:pub )?(?:struct|enum)) (\w+)/.exec(line)?.[1];
    if (block !== undefined) {
      owner = named ?? block;
      named = null;
    }
    const member = /^\s+(?:pub(?:\([^)]*\))? |async |fn )+(\w+)/.exec(line)?.[1];
    if (waiting !== null && (block !== undefined || member !== undefined)) {
      found.push([block === undefined ? `${owner}.${camelCase(member ?? '')}` : owner, waiting]);
      waiting = null;
    }
  }
  return found;
}

function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Tables of the operations and of the hidden members. */
export async function permissionTables(): Promise<string> {
  const all = await declarations();
  const root = (name: string): string => {
    const rows = all
      .filter((entry) => entry.name.startsWith(`${name}.`))
      .map((entry) => {
        const field = entry.name.slice(name.length + 1);
        // the schema's file, and therefore the reference, describes a server that is not a sandbox
        const cell = entry.sandbox ? `\`${field}\`` : `[\`${field}\`](../reference/${PAGES[name] ?? ''}.md#${field})`;
        return [cell, ...ROLES.map((role) => mark(entry, role))];
      })
      .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
    return table(['Name', ...ROLES.map((role) => TITLES[role])], rows);
  };
  const hidden = all
    .filter(({ name, roles }) => !/^(Query|Mutation|Subscription)\./.test(name) && roles.length < ROLES.length)
    .map((entry) => [`\`${entry.name}\``, ...ROLES.map((role) => mark(entry, role))])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return [
    '### Queries {#queries}',
    root('Query'),
    '### Mutations {#mutations}',
    root('Mutation'),
    '### Subscriptions {#subscriptions}',
    root('Subscription'),
    '### Fields and types that some roles do not see {#hidden}',
    table(['Name', ...ROLES.map((role) => TITLES[role])], hidden),
  ].join('\n\n');
}

const PAGES: Readonly<Record<string, string>> = { Query: 'queries', Mutation: 'mutations', Subscription: 'subscriptions' };

function mark(entry: Visible, role: Role): string {
  if (entry.sandbox) {
    return 'demo only';
  }
  return entry.roles.includes(role) ? 'yes' : '–';
}
