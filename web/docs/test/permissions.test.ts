import { buildClientSchema, getIntrospectionQuery, type GraphQLSchema, type IntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemo, type Demo } from '../../explorer/e2e/support/demo';
import { at, isFields } from '../../explorer/src/json';
import { declarations, ROLES, type Role } from '../scripts/permissions';

const DEMO_ROLES: Readonly<Record<Role, string>> = {
  ADMIN: 'ADMIN',
  DISTRIBUTOR: 'DISTRIBUTOR',
  RESELLER: 'RESELLER',
  OWNER: 'CALLSHOP_OWNER',
  ATTENDANT: 'ATTENDANT',
};

let demo: Demo;
beforeAll(async () => {
  demo = await startDemo({ traffic: false });
});
afterAll(async () => {
  await demo.stop();
});

async function schemaOf(role: string | null): Promise<GraphQLSchema> {
  const data = at(await demo.ask(role, getIntrospectionQuery()), 'data');
  if (!isIntrospection(data)) {
    throw new Error('no schema');
  }
  return buildClientSchema(data);
}

function isIntrospection(data: unknown): data is IntrospectionQuery {
  return isFields(data) && isFields(data.__schema);
}

function sees(schema: GraphQLSchema, name: string): boolean {
  const [type = '', member] = name.split('.');
  const found = schema.getType(type);
  if (found === undefined || member === undefined) {
    return found !== undefined;
  }
  return 'getFields' in found && member in found.getFields();
}

describe('the tables', () => {
  it.each(ROLES)('agree with the schema of %s', async (role) => {
    const schema = await schemaOf(DEMO_ROLES[role]);
    const wrong = (await declarations()).filter(({ name, roles, sandbox }) => !sandbox && sees(schema, name) !== roles.includes(role));
    expect(wrong).toEqual([]);
    const listed = new Set((await declarations()).map(({ name }) => name));
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const fields = roots.flatMap((root) => Object.keys(root?.getFields() ?? {}).map((field) => `${root?.name ?? ''}.${field}`));
    expect(fields.filter((name) => !listed.has(name))).toEqual([]);
  });

  it('agree with the schema without a login', async () => {
    const schema = await schemaOf(null);
    const wrong = (await declarations()).filter(
      ({ name, anonymous }) => /^(Query|Mutation|Subscription)\./.test(name) && sees(schema, name) !== anonymous,
    );
    expect(wrong).toEqual([]);
  });
});
