import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSchema, isIntrospectionType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../scripts/paths';
import { referencePages } from '../scripts/reference';

const SMALL = `
"""What one can ask."""
type Query {
  """A thing, or \`null\` if a < b."""
  thing("""Which one.""" id: ID!, size: Size! = SMALL): Thing
  things(first: Int, after: String, last: Int, before: String, kind: [Size!]): ThingConnection!
}
"""Has an id."""
interface Node { """Global id.""" id: ID! }
"""A thing."""
type Thing implements Node {
  id: ID!
  """Its parts."""
  parts(first: Int, after: String, last: Int, before: String): ThingConnection!
  """Old name."""
  old: String @deprecated(reason: "Use \`id\`.")
}
"""A page."""
type ThingConnection { nodes: [Thing!]! }
"""How large."""
enum Size { """Not large.""" SMALL LARGE }
`;

describe('the reference', () => {
  const pages = referencePages(buildSchema(SMALL));

  it('has a page for each kind that the schema has', () => {
    expect([...pages.keys()].sort()).toEqual(
      ['enums', 'index', 'interfaces', 'objects', 'pages', 'queries', 'scalars'].map((name) => `reference/${name}.md`),
    );
  });

  it('describes a field of a root with its arguments and their defaults', () => {
    expect(pages.get('reference/queries.md')).toContain(`## thing {#thing}

A thing, or \`null\` if a &lt; b.

Returns [\`Thing\`](./objects.md#Thing).

| Argument | Type | Default | Description |
| --- | --- | --- | --- |
| \`id\` | [\`ID!\`](./scalars.md#ID) |  | Which one. |
| \`size\` | [\`Size!\`](./enums.md#Size) | \`SMALL\` |  |
`);
  });

  it('explains paging once', () => {
    expect(pages.get('reference/queries.md')).toContain(`## things {#things}

Returns [\`ThingConnection!\`](./pages.md#ThingConnection).

Takes \`kind\`: [\`[Size!]\`](./enums.md#Size).

Also takes the arguments of [paging](./index.md#paging).
`);
  });

  it('describes an object with its interfaces, its fields, and where it is used', () => {
    expect(pages.get('reference/objects.md')).toContain(`## Thing {#Thing}

A thing.

Implements [\`Node\`](./interfaces.md#Node).

| Field | Type | Description |
| --- | --- | --- |
| \`id\` | [\`ID!\`](./scalars.md#ID) |  |
| \`parts\` ([*paging*](./index.md#paging)) | [\`ThingConnection!\`](./pages.md#ThingConnection) | Its parts. |
| \`old\` | [\`String\`](./scalars.md#String) | Deprecated: Use \`id\`. Old name. |

*Used by* [\`thing\`](./queries.md#thing).
`);
  });

  it('has every type and every operation of the API', async () => {
    const schema = buildSchema(await readFile(join(REPOSITORY, 'schema.graphql'), 'utf8'));
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const types = Object.values(schema.getTypeMap()).filter(
      (type) => !isIntrospectionType(type) && !roots.some((root) => root?.name === type.name),
    );
    const fields = roots.flatMap((root) => Object.keys(root?.getFields() ?? {}));
    const text = [...referencePages(schema).values()].join('\n');
    for (const name of [...types.map((type) => type.name), ...fields]) {
      expect(text).toContain(`\n## ${name} {#${name}}\n`);
    }
    expect([...referencePages(schema)]).toEqual([...referencePages(schema)]);
  });
});
