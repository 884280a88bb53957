// Relay runs the output of its compiler. This module makes the same output for the documents of these tests, which have arguments but no fragments.
import { Kind, parse } from 'graphql';

function value(node) {
  if (node.kind !== Kind.VARIABLE) throw new Error('Only variables are supported.');
  return { kind: 'Variable', variableName: node.name.value };
}

function selection(node) {
  const args = node.arguments.map((argument) => ({ ...value(argument.value), name: argument.name.value }));
  const common = { alias: null, args: args.length === 0 ? null : args, name: node.name.value, storageKey: null };
  if (node.selectionSet === undefined) return { ...common, kind: 'ScalarField' };
  const plural = node.name.value === 'userErrors';
  return { ...common, kind: 'LinkedField', concreteType: node.name.value, plural, selections: node.selectionSet.selections.map(selection) };
}

export function artifact(text) {
  const [definition] = parse(text).definitions;
  const selections = definition.selectionSet.selections.map(selection);
  const name = definition.name.value;
  const argumentDefinitions = definition.variableDefinitions.map(({ variable }) => ({ defaultValue: null, kind: 'LocalArgument', name: variable.name.value }));
  const type = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' }[definition.operation];
  return {
    kind: 'Request',
    fragment: { argumentDefinitions, kind: 'Fragment', metadata: null, name, selections, type, abstractKey: null },
    operation: { argumentDefinitions, kind: 'Operation', name, selections },
    params: { cacheID: name, id: null, metadata: {}, name, operationKind: definition.operation, text },
  };
}
