import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { acceptedChanges, changesBetween, changesPage, schemaChanges } from '../scripts/changes';

const BEFORE = `type Query { a(x: Int, old: Int): Int  gone: Int  kind: Kind } enum Kind { ONE }`;
const AFTER = `type Query { a(x: Int, more: Int): String  kind: Kind  fresh: Fresh } enum Kind { ONE TWO } type Fresh { b: Int }`;

describe('schema changes', () => {
  it('are breaking, dangerous or harmless', () => {
    expect(changesBetween('2026-01-01', buildSchema(BEFORE), null, buildSchema(AFTER))).toEqual({
      from: '2026-01-01',
      to: null,
      breaking: ['`Query.gone` was removed.', '`Query.a` no longer takes the argument `old`.', '`Query.a` is of the type `String` instead of `Int`.'],
      dangerous: ['`Kind` has the value `TWO`.'],
      added: ['`Query.fresh`.', 'The type `Fresh`.', '`Query.a` takes the argument `more`.'],
    });
  });

  it('that break clients each have a reason in docs/schema/breaking.json', async () => {
    const accepted = await acceptedChanges();
    for (const { from, breaking } of await schemaChanges()) {
      const listed = accepted.get(from) ?? [];
      expect(listed.map(({ change }) => change).sort()).toEqual([...breaking].sort());
      expect(listed.filter(({ reason }) => reason === '')).toEqual([]);
    }
  });

  it('have a page', async () => {
    expect(await changesPage()).toContain('- `Query.sessions` no longer takes the argument `states`. Use `filter: { states }`.');
  });
});
