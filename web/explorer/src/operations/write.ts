import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';

export type Kind = 'query' | 'mutation' | 'subscription';

export interface RootField {
  readonly kind: Kind;
  readonly field: GraphQLField<unknown, unknown>;
}

export interface Written {
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Depth of the selection in a written operation. */
const DEPTH = 3;
/** Maximum number of selected fields per object. */
const FIELDS = 24;
/** Arguments that are passed although they may be omitted. */
const USEFUL = new Set(['first', 'after']);
const PAGE = 10;

/** The fields of the schema's roots, queries first. */
export function rootFields(schema: GraphQLSchema): readonly RootField[] {
  const roots = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ] as const;
  return roots.flatMap(([kind, root]) => Object.values(root?.getFields() ?? {}).map((field) => ({ kind, field })));
}

/** Writes an operation for a field. Useful arguments become variables with sample values. The selection is three levels deep. */
export function write({ kind, field }: RootField): Written {
  const args = field.args.filter((argument) => isRequiredArgument(argument) || USEFUL.has(argument.name));
  const name = `${field.name.charAt(0).toUpperCase()}${field.name.slice(1)}`;
  const declared = args.map((argument) => `$${argument.name}: ${argument.type.toString()}`).join(', ');
  const passed = args.map((argument) => `${argument.name}: $${argument.name}`).join(', ');
  const inBrackets = (text: string): string => (text === '' ? '' : `(${text})`);
  const selection = select(field.type, 1, DEPTH, [getNamedType(field.type).name]);
  return {
    document: `${kind} ${name}${inBrackets(declared)} {\n  ${field.name}${inBrackets(passed)}${selection}\n}\n`,
    variables: Object.fromEntries(args.map((argument) => [argument.name, variable(argument.name, argument.type)])),
  };
}

function variable(name: string, type: GraphQLInputType): unknown {
  if (name === 'first') {
    return PAGE;
  }
  return isNonNullType(type) ? sample(type, 0) : null;
}

/** A sample value of the type, with all required fields. */
function sample(type: GraphQLInputType, depth: number): unknown {
  if (isNonNullType(type)) {
    return sample(type.ofType, depth);
  }
  if (isListType(type)) {
    return depth > DEPTH ? [] : [sample(type.ofType, depth + 1)];
  }
  if (isEnumType(type)) {
    return type.getValues()[0]?.name ?? null;
  }
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter(isRequiredInputField);
    return depth > DEPTH ? {} : Object.fromEntries(required.map((field) => [field.name, sample(field.type, depth + 1)]));
  }
  return SAMPLES.get(type.name) ?? '';
}

const SAMPLES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['Int', 10],
  ['Float', 1],
  ['Boolean', true],
  ['Decimal', '10.00'],
  ['CurrencyCode', 'BRL'],
  ['NaiveDate', '2026-01-31'],
  ['NaiveTime', '08:00:00'],
  ['DateTime', '2026-01-31T08:00:00Z'],
]);

function select(type: GraphQLOutputType, indent: number, depth: number, seen: readonly string[]): string {
  const found = getNamedType(type);
  if (isLeafType(found)) {
    return '';
  }
  const lines = isUnionType(found) || isInterfaceType(found) ? ['__typename'] : [];
  if (isObjectType(found) || isInterfaceType(found)) {
    const usable = Object.values(found.getFields()).filter(
      (field) => typeof field.deprecationReason !== 'string' && !field.args.some(isRequiredArgument),
    );
    lines.push(...usable.flatMap((field) => line(field, indent, depth, seen)));
  }
  const pad = '  '.repeat(indent);
  const kept = lines.length === 0 ? ['__typename'] : lines.slice(0, FIELDS);
  return ` {\n${kept.map((text) => `${pad}  ${text}`).join('\n')}\n${pad}}`;
}

function line(field: GraphQLField<unknown, unknown>, indent: number, depth: number, seen: readonly string[]): string[] {
  const type = getNamedType(field.type);
  if (isLeafType(type)) {
    return [field.name];
  }
  if (depth === 0 || seen.includes(type.name)) {
    return [];
  }
  return [`${field.name}${select(field.type, indent + 1, depth - 1, [...seen, type.name])}`];
}
