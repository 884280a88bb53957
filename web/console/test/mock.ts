import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildSchema,
  execute,
  getNamedType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  type DocumentNode,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
} from 'graphql';
import { CallshopError, Permission, type CallshopClient, type Session, type ShopState, type Viewer } from '@callshop/client';

/** Marks text that comes from the server, so that a test can tell it from the page's own text. */
export const DATA = '§';

const schema = buildSchema(readFileSync(join(import.meta.dirname, '../../../schema.graphql'), 'utf8'));

const SCALARS: Readonly<Record<string, unknown>> = {
  Int: 3,
  Boolean: true,
  Decimal: '12.5',
  DateTime: '2026-11-29T12:00:00Z',
  NaiveDate: '2026-11-28',
  NaiveTime: '08:30:00',
  CurrencyCode: 'BRL',
};

/** Values of fields whose text must have a certain format. */
const FIELDS: Readonly<Record<string, unknown>> = {
  timeZone: 'America/Sao_Paulo',
  locale: 'pt-BR',
  currency: 'BRL',
  country: 'BR',
  userErrors: [],
  totpSetupRequired: false,
  text: `<p>${DATA}receipt</p>`,
  asr: '0.5',
};

export type Overrides = Readonly<Record<string, unknown>>;

let ids = 0;

function valueOf(type: GraphQLOutputType, name: string): unknown {
  if (isNonNullType(type)) return valueOf(type.ofType, name);
  if (isListType(type)) return [valueOf(type.ofType, name), valueOf(type.ofType, name)];
  const named = getNamedType(type);
  ids += 1;
  if (isEnumType(named)) {
    const values = named.getValues();
    // use a different payment method each time, because a response lists each method only once
    return values[named.name === 'PaymentMethod' ? ids % values.length : 0]?.name;
  }
  if (isObjectType(named)) return {};
  if (named.name === 'String' || named.name === 'ID') return `${DATA}${name}${ids}`;
  return SCALARS[named.name] ?? { __typename: 'RegisterShift' };
}

function resolver(overrides: Overrides): GraphQLFieldResolver<unknown, unknown> {
  return (source, _args, _context, info) => {
    // an override may be a whole object
    if (typeof source === 'object' && source !== null && Object.hasOwn(source, info.fieldName)) {
      const given: unknown = Object.getOwnPropertyDescriptor(source, info.fieldName)?.value;
      return given;
    }
    const exact = `${info.parentType.name}.${info.fieldName}`;
    if (Object.hasOwn(overrides, exact)) return overrides[exact];
    if (Object.hasOwn(FIELDS, info.fieldName)) return FIELDS[info.fieldName];
    return valueOf(info.returnType, info.fieldName);
  };
}

/** A response for any document, generated from the schema. */
export async function answer(document: DocumentNode, variables: Record<string, unknown>, overrides: Overrides): Promise<unknown> {
  const result = await execute({
    schema,
    document,
    variableValues: variables,
    rootValue: {},
    fieldResolver: resolver(overrides),
    typeResolver: () => 'RegisterShift',
  });
  if (result.errors !== undefined) throw new Error(result.errors.map((error) => error.message).join('\n'));
  // convert GraphQL's objects, whose prototype is null, to ordinary objects
  return JSON.parse(JSON.stringify(result.data));
}

const ATTENDANT: readonly Permission[] = ['SEE_PHONES', 'QUOTE', 'OPERATE_CABINS', 'OPERATE_REGISTER', 'SEE_SHOP', 'HANG_UP'];
const ABOVE = Object.values(Permission).filter((right) => !['OPERATE_CABINS', 'OPERATE_REGISTER', 'MANAGE_ATTENDANTS'].includes(right));

/** The permissions that the server gives to each role. */
export const PERMISSIONS: Readonly<Record<Viewer['role'], readonly Permission[]>> = {
  ATTENDANT,
  CALLSHOP_OWNER: [...ATTENDANT, 'MANAGE_ATTENDANTS', 'SEE_ACCOUNTS', 'SEE_TARIFFS', 'MANAGE_CABINS', 'MANAGE_SETTINGS', 'SEE_COST', 'SEE_DRAWER', 'SEE_CREDIT', 'MANAGE_TOKENS', 'MANAGE_WEBHOOKS'],
  RESELLER: ABOVE,
  DISTRIBUTOR: ABOVE,
  ADMIN: ABOVE,
};

function viewerOf(role: Viewer['role']): Viewer {
  const account = { id: 'shop', name: `${DATA}shop`, currency: 'BRL', timeZone: 'America/Sao_Paulo', locale: 'pt-BR', country: 'BR' };
  const atCounter = role === 'ATTENDANT' || role === 'CALLSHOP_OWNER';
  const permissions = PERMISSIONS[role];
  return { id: 'user', login: `${DATA}login`, displayName: `${DATA}name`, role, permissions, account, callshop: atCounter ? account : null };
}

export interface Fake {
  readonly client: CallshopClient;
  /** The variables of every request, in order. */
  readonly requests: { readonly document: DocumentNode; readonly variables: Record<string, unknown> }[];
  /** The address of every upload, in order. */
  readonly uploads: string[];
  /** If set, every request and upload fails with this error. */
  failWith: CallshopError | null;
  /** Sends a message to all subscriptions with this document, and returns their number. */
  readonly publish: (document: DocumentNode, message: unknown) => number;
  /** Number of subscriptions with this document. */
  readonly subscriptions: (document: DocumentNode) => number;
}

const still = { subscribe: () => () => undefined };

/** A client with generated responses, which have the types of the schema. */
export function fakeClient(role: Viewer['role'] | null, shop: ShopState, overrides: Overrides = {}): Fake {
  const session: Session | null =
    role === null
      ? null
      : { accessToken: 'a', accessTokenExpiresAt: '2026-11-29T12:15:00Z', refreshToken: 'r', viewer: viewerOf(role) };
  const published = new Map<Listener, DocumentNode>();
  const listeners = (document: DocumentNode) => [...published].filter(([, of]) => of === document).map(([listener]) => listener);
  const fake: Fake = {
    requests: [],
    uploads: [],
    failWith: null,
    publish: (document, message) => {
      const told = listeners(document);
      for (const listener of told) listener(message);
      return told.length;
    },
    subscriptions: (document) => listeners(document).length,
    client: {
      session: { ...still, get: () => session },
      connection: { ...still, get: () => LIVE },
      login: () => Promise.reject(new CallshopError('BAD_CREDENTIALS', 'no')),
      logout: () => Promise.resolve(),
      request: async (document, variables) => {
        fake.requests.push({ document, variables });
        if (fake.failWith !== null) throw fake.failWith;
        const data: unknown = await answer(document, variables, overrides);
        // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- the schema made it for this document
        return data as never;
      },
      upload: (url) => {
        fake.uploads.push(url);
        return fake.failWith === null ? Promise.resolve() : Promise.reject(fake.failWith);
      },
      subscribe: (document, _variables, options) => follow(published, document, options?.signal),
      liveCallshop: () => once(shop),
      liveCabin: () => never(),
      dispose: () => undefined,
    },
  };
  return fake;
}

const LIVE = { state: 'live', since: 0 } as const;

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
  await new Promise(() => undefined);
}

type Listener = (message: unknown) => void;

/** The messages that are published for a document from now on. */
async function* follow(published: Map<Listener, DocumentNode>, document: DocumentNode, signal?: AbortSignal): AsyncGenerator<never> {
  const waiting: unknown[] = [];
  let wake = (): void => undefined;
  const receive: Listener = (message) => {
    waiting.push(message);
    wake();
  };
  published.set(receive, document);
  signal?.addEventListener('abort', () => published.delete(receive));
  try {
    for (;;) {
      while (waiting.length > 0) {
        // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- the test made it for this document
        yield waiting.shift() as never;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    published.delete(receive);
  }
}

async function* never(): AsyncGenerator<never> {
  await new Promise(() => undefined);
  yield* [];
}
