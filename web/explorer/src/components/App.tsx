import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useMemo, type ReactNode } from 'react';
import { SCHEMA_OPERATION } from '../fetcher';
import type { Services } from '../services';
import { AnswerFooter } from './AnswerFooter';
import { ServicesContext, useObservable } from './context';
import { Header } from './Header';
import { OperationsIcon, OperationsPanel } from './OperationsPanel';
import { RunKey } from './RunKey';
import { isWide } from './useEditors';

const OPERATIONS = { title: 'Operations', icon: OperationsIcon, content: OperationsPanel };
const PLUGINS = [OPERATIONS, HISTORY_PLUGIN];
const FIRST = `# Choose an operation,
# or write your own.
# Ctrl + Enter runs it.
query Hello {
  viewer {
    displayName
    role
  }
}
`;
export function App({ services }: { services: Services }): ReactNode {
  const { identity } = useObservable(services.session.state);
  // a new fetcher makes GraphiQL read the schema again, because each role has its own schema
  const fetcher = useMemo(() => ({ identity, fetcher: services.createFetcher() }), [identity, services]).fetcher;
  return (
    <ServicesContext value={services}>
      <Header />
      <main>
        <GraphiQL
          fetcher={fetcher}
          plugins={PLUGINS}
          {...(isWide() ? { visiblePlugin: OPERATIONS } : {})}
          defaultQuery={FIRST}
          defaultEditorToolsVisibility="variables"
          introspectionQueryName={SCHEMA_OPERATION}
          storage={services.storage}
          showPersistHeadersSettings={false}
        >
          <GraphiQL.Logo>
            <span />
          </GraphiQL.Logo>
          <GraphiQL.Footer>
            <RunKey />
            <AnswerFooter />
          </GraphiQL.Footer>
        </GraphiQL>
      </main>
    </ServicesContext>
  );
}
