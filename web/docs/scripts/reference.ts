import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { page, prose, table } from './markdown';

/** The arguments that every paged list has. They are explained once. */
const PAGING = ['first', 'after', 'last', 'before'];

interface Kind {
  readonly file: string;
  readonly title: string;
  readonly about: string;
  readonly has: (type: GraphQLNamedType) => boolean;
}

const isPart = (type: GraphQLNamedType): boolean => isObjectType(type) && /(Connection|Edge)$|^PageInfo$/.test(type.name);
const isPayload = (type: GraphQLNamedType): boolean => isObjectType(type) && type.name.endsWith('Payload');

const KINDS: readonly Kind[] = [
  {
    file: 'objects',
    title: 'Objects',
    about: 'Objects that queries and subscriptions return.',
    has: (type) => isObjectType(type) && !isPart(type) && !isPayload(type),
  },
  { file: 'payloads', title: 'Payloads', about: 'Results of mutations.', has: isPayload },
  { file: 'pages', title: 'Pages of lists', about: 'Connections and edges, which are the pages of long lists.', has: isPart },
  { file: 'interfaces', title: 'Interfaces', about: 'Fields that several objects have in common.', has: isInterfaceType },
  { file: 'unions', title: 'Unions', about: 'Types whose value is one of several objects.', has: isUnionType },
  { file: 'inputs', title: 'Inputs', about: 'Input objects of mutations and of some queries.', has: isInputObjectType },
  { file: 'enums', title: 'Enums', about: 'Values from a fixed set.', has: isEnumType },
  { file: 'scalars', title: 'Scalars', about: 'Single values, as JSON carries them.', has: isScalarType },
];

const JSON_FORMS: Readonly<Record<string, string>> = {
  Boolean: '`true` or `false`.',
  Float: 'A JSON number.',
  ID: 'A JSON string. Ids are opaque: store them and send them back, but do not take them apart.',
  Int: 'A JSON number without a fraction, from −2147483648 to 2147483647.',
  String: 'A JSON string.',
};

/** The pages of the schema's reference, by path. The same schema always gives the same pages. */
export function referencePages(schema: GraphQLSchema): ReadonlyMap<string, string> {
  return new Reference(schema).pages();
}

class Reference {
  readonly #schema: GraphQLSchema;
  readonly #types: readonly GraphQLNamedType[];
  readonly #roots: readonly { file: string; title: string; about: string; type: GraphQLObjectType }[];
  readonly #users: ReadonlyMap<string, readonly string[]>;

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
    this.#roots = [
      { file: 'queries', title: 'Queries', about: 'Read something once.', type: schema.getQueryType() },
      { file: 'mutations', title: 'Mutations', about: 'Change something.', type: schema.getMutationType() },
      { file: 'subscriptions', title: 'Subscriptions', about: 'Follow something live.', type: schema.getSubscriptionType() },
    ].flatMap(({ type, ...rest }) => (isObjectType(type) ? [{ ...rest, type }] : []));
    const roots = new Set<GraphQLNamedType>(this.#roots.map(({ type }) => type));
    this.#types = Object.values(schema.getTypeMap())
      .filter((type) => !isIntrospectionType(type) && !roots.has(type))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#users = this.#findUsers();
  }

  pages(): ReadonlyMap<string, string> {
    const pages = new Map<string, string>();
    for (const { file, title, about, type } of this.#roots) {
      const fields = Object.values(type.getFields());
      pages.set(`reference/${file}.md`, page({ title, description: about }, [about, ...fields.map((field) => this.#rootField(field))]));
    }
    const kinds = KINDS.map((kind) => ({ ...kind, types: this.#types.filter(kind.has) })).filter(({ types }) => types.length > 0);
    for (const { file, title, about, types } of kinds) {
      pages.set(`reference/${file}.md`, page({ title, description: about }, [about, ...types.map((type) => this.#type(type))]));
    }
    const lists = [
      ...this.#roots.map(({ type, ...rest }) => ({ ...rest, count: Object.keys(type.getFields()).length })),
      ...kinds.map(({ types, ...rest }) => ({ ...rest, count: types.length })),
    ];
    pages.set('reference/index.md', this.#index(lists));
    return pages;
  }

  #index(lists: readonly { file: string; title: string; about: string; count: number }[]): string {
    const rows = lists.map(({ file, title, about, count }) => [`[${title}](./${file}.md)`, count.toString(), about]);
    return page({ title: 'Schema reference', description: 'Every query, mutation, subscription and type of the API.' }, [
      'These pages are generated from the descriptions in the schema. [Download the schema](/docs/schema.graphql){target="_self"} for a code ' +
        'generator or an editor.',
      'The pages show everything. Each role sees its own part: a field that a role may not use does not exist in its schema, and a document ' +
        'with such a field is refused as invalid. [Permissions](../guide/permissions.md) lists the roles.',
      table(['Page', 'Entries', ''], rows),
      '## Lists in pages {#paging}',
      'Fields that return a connection take `first` and `after`, or `last` and `before`. `first` and `last` are 1 to 100. `after` and ' +
        '`before` take a `cursor` of an edge, or `pageInfo.endCursor` and `pageInfo.startCursor`. Tables mark these arguments as *paging*.',
    ]);
  }

  #rootField(field: GraphQLField<unknown, unknown>): string {
    const args = field.args.filter((argument) => !isPaged(field) || !PAGING.includes(argument.name));
    const paging = isPaged(field) ? ['Also takes the arguments of [paging](./index.md#paging).'] : [];
    return [
      `## ${field.name} {#${field.name}}`,
      prose(field.description ?? ''),
      `Returns ${this.#link(field.type.toString())}.`,
      ...this.#takes(args),
      ...paging,
    ]
      .filter((part) => part !== '')
      .join('\n\n');
  }

  #type(type: GraphQLNamedType): string {
    return [`## ${type.name} {#${type.name}}`, prose(type.description ?? ''), ...this.#body(type), ...this.#usedBy(type)]
      .filter((part) => part !== '')
      .join('\n\n');
  }

  #body(type: GraphQLNamedType): readonly string[] {
    if (isObjectType(type) || isInterfaceType(type)) {
      const interfaces = type.getInterfaces().map(({ name }) => this.#link(name));
      const rows = Object.values(type.getFields()).map((field) => this.#fieldRow(field));
      const made = isInterfaceType(type) ? this.#schema.getPossibleTypes(type).map(({ name }) => this.#link(name)) : [];
      return [
        ...(interfaces.length === 0 ? [] : [`Implements ${interfaces.join(', ')}.`]),
        table(['Field', 'Type', 'Description'], rows),
        ...(made.length === 0 ? [] : [`Implemented by ${made.join(', ')}.`]),
      ];
    }
    if (isUnionType(type)) {
      return [`One of ${type.getTypes().map(({ name }) => this.#link(name)).join(', ')}.`];
    }
    if (isInputObjectType(type)) {
      return [this.#inputs('Field', Object.values(type.getFields()))];
    }
    if (isEnumType(type)) {
      const rows = type.getValues().map(({ name, description }) => [`\`${name}\``, prose(description ?? '')]);
      return [table(['Value', 'Description'], rows)];
    }
    return isSpecifiedScalarType(type) ? [JSON_FORMS[type.name] ?? ''] : [];
  }

  #fieldRow(field: GraphQLField<unknown, unknown>): readonly string[] {
    const paged = isPaged(field) ? ['[*paging*](./index.md#paging)'] : [];
    const args = field.args.filter((argument) => !isPaged(field) || !PAGING.includes(argument.name));
    const told = args.map((argument) => `${this.#argument(argument)}${prose(argument.description ?? '')}`);
    const listed = [...args.map(({ name }) => `\`${name}\``), ...paged].join(', ');
    const deprecated = field.deprecationReason ? `Deprecated: ${prose(field.deprecationReason)} ` : '';
    const name = `\`${field.name}\`${listed === '' ? '' : ` (${listed})`}`;
    return [name, this.#link(field.type.toString()), [`${deprecated}${prose(field.description ?? '')}`, ...told].join('<br>')];
  }

  #argument(argument: GraphQLArgument): string {
    const fallback = defaultOf(argument);
    return `\`${argument.name}\`: ${this.#link(argument.type.toString())}${fallback === '' ? '' : ` = ${fallback}`}. `;
  }

  /** The arguments of an operation: a sentence for a lone input, else a table. */
  #takes(args: readonly GraphQLArgument[]): readonly string[] {
    const [first, ...others] = args;
    if (first === undefined) {
      return [];
    }
    const isPlain = others.length === 0 && defaultOf(first) === '' && (first.description ?? '') === '';
    return [isPlain ? `Takes \`${first.name}\`: ${this.#link(first.type.toString())}.` : this.#inputs('Argument', args)];
  }

  #inputs(title: string, inputs: readonly (GraphQLArgument | GraphQLInputField)[]): string {
    const columns = [
      { head: title, cell: (input: GraphQLArgument | GraphQLInputField) => `\`${input.name}\`` },
      { head: 'Type', cell: (input: GraphQLArgument | GraphQLInputField) => this.#link(input.type.toString()) },
      { head: 'Default', cell: defaultOf },
      { head: 'Description', cell: (input: GraphQLArgument | GraphQLInputField) => prose(input.description ?? '') },
    ].filter(({ cell }) => inputs.some((input) => cell(input) !== ''));
    return table(
      columns.map(({ head }) => head),
      inputs.map((input) => columns.map(({ cell }) => cell(input))),
    );
  }

  #usedBy(type: GraphQLNamedType): readonly string[] {
    const users = this.#users.get(type.name) ?? [];
    return users.length === 0 || isScalarType(type) ? [] : [`*Used by* ${users.join(', ')}.`];
  }

  /** The root fields that take or return a type directly. */
  #findUsers(): ReadonlyMap<string, readonly string[]> {
    const users = new Map<string, string[]>();
    for (const { file, type } of this.#roots) {
      for (const field of Object.values(type.getFields())) {
        const names = new Set([field, ...field.args].map((part) => getNamedType(part.type).name));
        for (const name of names) {
          users.set(name, [...(users.get(name) ?? []), `[\`${field.name}\`](./${file}.md#${field.name})`]);
        }
      }
    }
    return users;
  }

  /** A type as it is written, linked to its description. */
  #link(written: string): string {
    const name = written.replaceAll(/[[\]!]/g, '');
    const kind = KINDS.find(({ has }) => this.#types.some((type) => type.name === name && has(type)));
    return kind === undefined ? `\`${written}\`` : `[\`${written}\`](./${kind.file}.md#${name})`;
  }
}

function isPaged(field: GraphQLField<unknown, unknown>): boolean {
  return PAGING.every((name) => field.args.some((argument) => argument.name === name));
}

/** The default as the schema writes it. */
function defaultOf(input: GraphQLArgument | GraphQLInputField): string {
  const text = input.astNode?.defaultValue?.loc;
  return text === undefined ? '' : `\`${text.source.body.slice(text.start, text.end)}\``;
}
