import { getOperationAST, parse, validate, type GraphQLSchema } from 'graphql';
import { ACCOUNTS } from './accounts';
import { COUNTER } from './counter';
import type { Ready } from './ready';
import { SHOP } from './shop';
import { WATCH } from './watch';

export const READY: readonly Ready[] = [...WATCH, ...COUNTER, ...SHOP, ...ACCOUNTS];

/** The operations that this role's schema allows. */
export function readyFor(schema: GraphQLSchema): readonly Ready[] {
  return READY.filter(({ document }) => isAllowed(schema, document));
}

function isAllowed(schema: GraphQLSchema, text: string): boolean {
  const document = parse(text);
  const operation = getOperationAST(document);
  // if the schema lacks the root type, validation does not check its fields
  const root = operation && schema.getRootType(operation.operation);
  return Boolean(root) && validate(schema, document).length === 0;
}
