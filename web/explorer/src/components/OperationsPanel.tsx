import { useGraphiQL } from '@graphiql/react';
import type { GraphQLSchema } from 'graphql';
import { useDeferredValue, useMemo, useState, type ReactNode } from 'react';
import { authorization } from '../http';
import { at } from '../json';
import { readyFor } from '../operations';
import { fill, type Query } from '../operations/find';
import type { Ready } from '../operations/ready';
import { rootFields, write, type Kind, type RootField } from '../operations/write';
import type { Services } from '../services';
import { useServices } from './context';
import { useEditors } from './useEditors';

const KINDS: readonly (readonly [Kind, string])[] = [
  ['query', 'Queries'],
  ['mutation', 'Mutations'],
  ['subscription', 'Subscriptions'],
];

export function OperationsIcon(): ReactNode {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" aria-hidden="true">
      <path d="M3 4.5l4 2.5-4 2.5zM10 7h7M3 14.5h14M3 18h9" strokeLinejoin="round" />
    </svg>
  );
}

/** The role's ready operations, and a search that writes an operation for any field of the role's schema. */
export function OperationsPanel(): ReactNode {
  const services = useServices();
  const schema = useGraphiQL((state) => state.schema);
  const put = useEditors();
  const [search, setSearch] = useState('');
  const [note, setNote] = useState('');
  const words = useDeferredValue(search.trim().toLowerCase());
  const choose = async (ready: Ready): Promise<void> => {
    setNote('');
    const { variables, missing } = await fill(ready.variables, querying(services), randomText);
    put(ready.document, variables);
    setNote(missing.length === 0 ? '' : `There is no ${missing.join(' and no ')} now.`);
  };
  if (schema === null || schema === undefined) {
    return <p className="panel-wait">Reading the schema…</p>;
  }
  return (
    <section className="operations" aria-label="Operations">
      <input
        type="search"
        aria-label="Search the operations"
        placeholder="Search the operations"
        value={search}
        onChange={(event) => {
          setSearch(event.target.value);
        }}
      />
      <p className="panel-note" role="status">
        {note}
      </p>
      <ReadyList schema={schema} words={words} choose={choose} />
      <h2>Write one for a field</h2>
      <FieldList
        schema={schema}
        words={words}
        choose={(root) => {
          const { document, variables } = write(root);
          setNote('');
          put(document, variables);
        }}
      />
    </section>
  );
}

interface ReadyListProps {
  readonly schema: GraphQLSchema;
  readonly words: string;
  readonly choose: (ready: Ready) => Promise<void>;
}

function ReadyList({ schema, words, choose }: ReadyListProps): ReactNode {
  const usable = useMemo(() => readyFor(schema), [schema]);
  const shown = usable.filter(({ group, title }) => `${group} ${title}`.toLowerCase().includes(words));
  return [...new Set(shown.map(({ group }) => group))].map((group) => (
    <div key={group}>
      <h2>{group}</h2>
      <ul>
        {shown.filter((ready) => ready.group === group).map((ready) => (
          <li key={ready.title}>
            <button type="button" onClick={() => {
              void choose(ready);
            }}>
              {ready.title}
            </button>
          </li>
        ))}
      </ul>
    </div>
  ));
}

interface FieldListProps {
  readonly schema: GraphQLSchema;
  readonly words: string;
  readonly choose: (root: RootField) => void;
}

function FieldList({ schema, words, choose }: FieldListProps): ReactNode {
  const roots = useMemo(() => rootFields(schema), [schema]);
  const shown = roots.filter(({ field }) => `${field.name} ${field.description ?? ''}`.toLowerCase().includes(words));
  return KINDS.map(([kind, title]) => {
    const members = shown.filter((root) => root.kind === kind);
    return members.length === 0 ? null : (
      <details key={kind} open={words !== ''}>
        <summary>
          {title} <small>{members.length}</small>
        </summary>
        <ul>
          {members.map((root) => (
            <li key={root.field.name}>
              <button
                type="button"
                onClick={() => {
                  choose(root);
                }}
              >
                <code>{root.field.name}</code>
              </button>
              <p>{root.field.description}</p>
            </li>
          ))}
        </ul>
      </details>
    );
  });
}

function querying({ send, session }: Services): Query {
  return async (query, variables) => at((await send({ query, variables }, authorization(session.token))).body, 'data');
}

function randomText(): string {
  return crypto.getRandomValues(new Uint32Array(1)).join('').padStart(10, '0');
}
