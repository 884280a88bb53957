import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSchema, extendSchema, getOperationAST, getVariableValues, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { isFields } from '../../explorer/src/json';
import { REPOSITORY } from '../scripts/paths';
import { writtenPages, type Page } from './pages';

/** Fields that exist only in a sandbox, such as the demo. */
const SANDBOX = `
  extend type Mutation { simulateCall(input: SimulateCallInput!): SimulateCallPayload! }
  input SimulateCallInput { cabinId: ID!, number: String!, answerAfterSeconds: Int, talkSeconds: Int, outcome: SimulatedOutcome }
  enum SimulatedOutcome { ANSWERED BUSY NO_ANSWER }
  type SimulateCallPayload { call: Call, userErrors: [UserError!]! }
`;
const schema = extendSchema(buildSchema(await readFile(join(REPOSITORY, 'schema.graphql'), 'utf8')), parse(SANDBOX));
const pages = await writtenPages();

interface Document {
  readonly place: string;
  readonly text: string;
}

/** Every GraphQL document of a page: GraphQL blocks, and documents inside blocks of other languages. */
function documents({ path, fences }: Page): readonly Document[] {
  return fences.flatMap(({ language, text, line }) => {
    const place = `${path}:${line}`;
    if (language === 'graphql') {
      return [{ place, text }];
    }
    const inTemplates = [...text.matchAll(/`((?:query|mutation|subscription)\b[^`]*)`/g)];
    const inJson = [...text.matchAll(/"?query"?: ?"((?:[^"\\]|\\.)*)"/g)].map(
      ([, inner = '']) => inner.replaceAll('\\\\\\"$shop\\\\\\"', '"shop"').replaceAll('\\"', '"'),
    );
    return [...inTemplates.map(([, inner = '']) => inner), ...inJson].map((inner) => ({ place, text: inner }));
  });
}

describe.each(pages.map((page) => ({ path: page.path, page })).filter(({ page }) => documents(page).length > 0))('$path', ({ page }) => {
  it.each(documents(page))('$place is valid GraphQL', ({ text }) => {
    expect(validate(schema, parse(text))).toEqual([]);
  });
});

describe('variables', () => {
  it('fit the operation before them', () => {
    let checked = 0;
    for (const { path, fences } of pages) {
      for (const [index, { language, info, text }] of fences.entries()) {
        if (language === 'json' && info.includes('variables')) {
          const operation = getOperationAST(parse(fences[index - 1]?.text ?? ''));
          const values: unknown = JSON.parse(text);
          const found = getVariableValues(schema, operation?.variableDefinitions ?? [], isFields(values) ? values : {});
          expect(found.errors, path).toBeUndefined();
          checked += 1;
        }
      }
    }
    expect(checked).toBeGreaterThan(0);
  });
});

describe('every block', () => {
  it('of JSON is JSON', () => {
    for (const { path, fences } of pages) {
      for (const { language, info, text, line } of fences) {
        if (language === 'json' && !info.includes('output')) {
          expect(() => JSON.parse(text) as unknown, `${path}:${line}`).not.toThrow();
        }
      }
    }
  });

  it('has a language that the tests know', () => {
    const known = new Set(['sh', 'sh run', 'text', 'text output', 'text socket', 'text stream', 'json', 'json output', 'json variables']);
    for (const name of ['graphql', 'html page', 'html file', 'js file', 'js check', 'js adapter', 'ts file']) {
      known.add(name);
    }
    for (const { path, fences } of pages) {
      for (const { language, info, line } of fences) {
        const kind = [language, ...info.map((word) => word.split('=')[0] ?? '')].join(' ');
        expect(known, `${path}:${line}`).toContain(kind);
      }
    }
  });
});
