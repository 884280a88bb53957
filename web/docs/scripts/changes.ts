import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildSchema,
  DangerousChangeType,
  findBreakingChanges,
  findDangerousChanges,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { page } from './markdown';
import { REPOSITORY } from './paths';

/** Folder of `breaking.json` and of the schemas of earlier releases, each named by its date. */
const EARLIER = join(REPOSITORY, 'docs/schema');

/** A change that can make a client's document or program fail, and the reason for the change. */
export interface Accepted {
  readonly change: string;
  readonly reason: string;
}

/** The changes between two states of the schema, as sentences. */
export interface Changes {
  /** The later state's date, or null for the current state. */
  readonly to: string | null;
  readonly from: string;
  /** Changes after which a valid document may be invalid, or a result may have another type. */
  readonly breaking: readonly string[];
  /** Changes after which valid documents stay valid, but may get values that the client does not expect. */
  readonly dangerous: readonly string[];
  readonly added: readonly string[];
}

/** The changes between all states, newest first. */
export async function schemaChanges(): Promise<readonly Changes[]> {
  const dates = (await readdir(EARLIER)).filter((name) => name.endsWith('.graphql')).map((name) => name.replace('.graphql', '')).sort();
  const states = await Promise.all(dates.map(async (date) => ({ date, schema: await schemaOf(join(EARLIER, `${date}.graphql`)) })));
  const later = [...states.slice(1), { date: null, schema: await schemaOf(join(REPOSITORY, 'schema.graphql')) }];
  const changes = states.flatMap(({ date, schema }, index) => {
    const next = later[index];
    return next === undefined ? [] : [changesBetween(date, schema, next.date, next.schema)];
  });
  return changes.reverse();
}

/** The accepted breaking changes, by the date of the schema that they change. */
export async function acceptedChanges(): Promise<ReadonlyMap<string, readonly Accepted[]>> {
  const written: unknown = JSON.parse(await readFile(join(EARLIER, 'breaking.json'), 'utf8'));
  if (typeof written !== 'object' || written === null) {
    throw new Error('docs/schema/breaking.json is not an object.');
  }
  return new Map(
    Object.entries(written).map(([date, list]) => {
      if (!Array.isArray(list)) {
        throw new Error(`docs/schema/breaking.json: ${date} has no list.`);
      }
      return [date, list.map(accepted)] as const;
    }),
  );
}

/** The page "Schema changes". */
export async function changesPage(): Promise<string> {
  const reasons = await acceptedChanges();
  const sections = (await schemaChanges()).flatMap((changes) => section(changes, reasons.get(changes.from) ?? []));
  return page({ title: 'Schema changes', description: 'What changed in the GraphQL schema, and what can break a client.' }, [
    'This page compares earlier states of the schema with later ones. Before version 1.0, a breaking change is allowed if its reason is given here.',
    ...sections,
  ]);
}

function section({ from, to, breaking, dangerous, added }: Changes, accepted: readonly Accepted[]): readonly string[] {
  const reasonOf = new Map(accepted.map(({ change, reason }) => [change, reason]));
  const breaks = breaking.map((change) => `${change} ${reasonOf.get(change) ?? ''}`.trim());
  const parts = [
    ['Breaking', breaks],
    ['New values that a client may not expect', dangerous],
    ['Added', added],
  ] as const;
  const heading = `## ${to === null ? `Since ${from}` : `From ${from} to ${to}`}`;
  const lists = parts.filter(([, list]) => list.length > 0).map(([title, list]) => `### ${title}\n\n${list.map((one) => `- ${one}`).join('\n')}`);
  return [heading, ...(lists.length === 0 ? ['Nothing changed.'] : lists)];
}

/** Kinds of changes that the library calls dangerous, but that affect no client. */
const HARMLESS: readonly string[] = [DangerousChangeType.OPTIONAL_ARG_ADDED, DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED];

/** The changes between two states. `to` is null if the later state is the current state. */
export function changesBetween(from: string, before: GraphQLSchema, to: string | null, after: GraphQLSchema): Changes {
  const dangerous = findDangerousChanges(before, after);
  const isArgument = ({ type }: { type: DangerousChangeType }): boolean => type === DangerousChangeType.OPTIONAL_ARG_ADDED;
  return {
    from,
    to,
    breaking: findBreakingChanges(before, after).map(sentence),
    dangerous: dangerous.filter(({ type }) => !HARMLESS.includes(type)).map(sentence),
    added: [...additions(before, after), ...dangerous.filter(isArgument).map(sentence)],
  };
}

/** New types and new fields. */
function additions(before: GraphQLSchema, after: GraphQLSchema): readonly string[] {
  const types = Object.values(after.getTypeMap()).filter((type) => !isIntrospectionType(type));
  const isPart = (type: GraphQLNamedType): boolean => /(Connection|Edge|Payload)$/.test(type.name);
  return types.flatMap((type) => {
    const old = before.getType(type.name);
    if (old === undefined) {
      return isPart(type) ? [] : [`The type \`${type.name}\`.`];
    }
    const known = new Set(fieldsOf(old));
    const fresh = fieldsOf(type).filter((name) => !known.has(name));
    return fresh.length === 0 ? [] : [`${fresh.map((name) => `\`${type.name}.${name}\``).join(', ')}.`];
  });
}

function fieldsOf(type: GraphQLNamedType): readonly string[] {
  return isObjectType(type) || isInterfaceType(type) || isInputObjectType(type) ? Object.keys(type.getFields()) : [];
}

/** Patterns of the library's most frequent sentences, and their replacements. */
const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/^An optional arg (\w+) on ([\w.]+) was added\.$/, '`$2` takes the argument `$1`.'],
  [/^A required arg (\w+) on ([\w.]+) was added\.$/, '`$2` requires the argument `$1`.'],
  [/^([\w.]+) arg (\w+) was removed\.$/, '`$1` no longer takes the argument `$2`.'],
  [/^(\w+) was added to enum type (\w+)\.$/, '`$2` has the value `$1`.'],
  [/^(\w+) was removed from enum type (\w+)\.$/, '`$2` no longer has the value `$1`.'],
  [/^([\w.]+) changed type from (\S+) to (\S+)\.$/, '`$1` is of the type `$3` instead of `$2`.'],
  [/^([\w.]+) was removed\.$/, '`$1` was removed.'],
];

function sentence({ description }: { readonly description: string }): string {
  const [pattern, ours] = SENTENCES.find(([one]) => one.test(description)) ?? [/^/, ''];
  return description.replace(pattern, ours);
}

function accepted(one: unknown): Accepted {
  if (typeof one === 'object' && one !== null && 'change' in one && 'reason' in one) {
    return { change: String(one.change), reason: String(one.reason) };
  }
  throw new Error('docs/schema/breaking.json: an entry needs a change and a reason.');
}

async function schemaOf(path: string): Promise<GraphQLSchema> {
  return buildSchema(await readFile(path, 'utf8'));
}
