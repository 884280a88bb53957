import { buildSchema, getOperationAST, getVariableValues, isRequiredArgument, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { isFields } from '../src/json';
import { READY, readyFor } from '../src/operations';
import { fill } from '../src/operations/find';
import { want, type Value } from '../src/operations/ready';
import { rootFields, write } from '../src/operations/write';
import { SCHEMA } from './schema';

function variablesOf(document: string, values: unknown): readonly string[] {
  const operation = getOperationAST(parse(document));
  const found = getVariableValues(SCHEMA, operation?.variableDefinitions ?? [], isFields(values) ? values : {});
  return (found.errors ?? []).map((error) => error.message);
}

describe('ready operations', () => {
  it.each(READY)('$title: valid, one operation, all variables given', async ({ document, variables }) => {
    expect(validate(SCHEMA, parse(document))).toEqual([]);
    const operation = getOperationAST(parse(document));
    expect(operation?.name?.value).toMatch(/^[A-Z]/);
    const { variables: filled } = await fill(variables, () => Promise.resolve(null), () => '1');
    expect(variablesOf(document, filled)).toEqual([]);
    const declared = (operation?.variableDefinitions ?? []).map((definition) => definition.variable.name.value);
    expect(Object.keys(variables).sort()).toEqual(declared.sort());
  });

  it('have different titles and names', () => {
    expect(new Set(READY.map(({ title }) => title)).size).toBe(READY.length);
    const names = READY.map(({ document }) => getOperationAST(parse(document))?.name?.value);
    expect(new Set(names).size).toBe(READY.length);
  });

  it('are those that the role’s schema allows', () => {
    const nobody = buildSchema(`
      type Query { viewer: User }
      type User { id: ID! login: String! displayName: String! role: String! createdAt: String! }`);
    expect(readyFor(nobody).map(({ title }) => title)).toEqual(['Who am I?']);
    expect(readyFor(SCHEMA)).toEqual(READY);
  });
});

describe('writing an operation for a field', () => {
  it.each(rootFields(SCHEMA).map((root) => ({ name: `${root.kind} ${root.field.name}`, root })))(
    '$name: valid, with a value for each variable',
    ({ root }) => {
      const { document, variables } = write(root);
      expect(validate(SCHEMA, parse(document))).toEqual([]);
      const required = root.field.args.filter(isRequiredArgument).map(({ name }) => name);
      expect(Object.keys(variables)).toEqual(expect.arrayContaining(required));
      expect(variablesOf(document, variables)).toEqual([]);
    },
  );

  it('selects three levels, and no type inside itself', () => {
    const schema = buildSchema(`
      type Query { a(id: ID!, first: Int, other: Int): A }
      type A { name: String self: A b: B needs(x: Int!): Int old: Int @deprecated }
      type B { name: String c: C }
      type C { name: String d: D }
      type D { name: String }`);
    const [root] = rootFields(schema);
    expect(root && write(root)).toEqual({
      document: `query A($id: ID!, $first: Int) {
  a(id: $id, first: $first) {
    name
    b {
      name
      c {
        name
        d {
          name
        }
      }
    }
  }
}
`,
      variables: { id: '', first: 10 },
    });
  });
});

describe('filling in', () => {
  const shop: Readonly<Record<string, unknown>> = {
    viewer: { callshop: { id: 'shop' } },
    cabins: {
      nodes: [
        { id: 'no phone', state: 'CLOSED', phone: null, currentSession: null },
        { id: 'free', state: 'CLOSED', phone: { id: 'phone' }, currentSession: null },
        { id: 'talking', state: 'IN_CALL', phone: {}, currentSession: { id: 's1', calls: { nodes: [{ id: 'c' }] } } },
        { id: 'silent', state: 'OPEN', phone: {}, currentSession: { id: 's2', calls: { nodes: [] } } },
      ],
    },
    closed: { nodes: [{ id: 'unpaid', amountDue: { amount: '1.25' } }] },
    settled: { nodes: [] },
  };
  const values: Value = {
    input: {
      callshopId: want('callshop'),
      cabins: [want('freeCabin'), want('occupiedCabin')],
      sessions: [want('openSession'), want('unusedSession'), want('closedSession'), want('settledSession')],
      amount: want('amountDue'),
      carryOver: want('unpaidSessions'),
      key: want('key'),
      asIs: [1, true, null],
    },
  };

  it('uses what the shop has at this moment', async () => {
    const asked: string[] = [];
    const query = (text: string): Promise<unknown> => {
      asked.push(text);
      return Promise.resolve(shop);
    };
    const { variables, missing } = await fill(values, query, () => '7');
    expect(variables).toEqual({
      input: {
        callshopId: 'shop',
        cabins: ['free', 'silent'],
        sessions: ['s2', 's2', 'unpaid', ''],
        amount: '1.25',
        carryOver: ['unpaid'],
        key: 'explorer-7',
        asIs: [1, true, null],
      },
    });
    expect(missing).toEqual(['settled session']);
    expect(new Set(asked).size, 'each query is sent once').toBe(asked.length);
  });

  it('says what there is not', async () => {
    const { missing } = await fill(values, () => Promise.resolve(null), () => '7');
    expect(missing).toEqual([
      'callshop',
      'free cabin',
      'occupied cabin',
      'open session',
      'open session without a call',
      'closed, unpaid session',
      'settled session',
      'unpaid session',
    ]);
  });
});
