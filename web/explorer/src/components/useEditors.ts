import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';

/** Whether the window is wide enough for the editors beside an open panel. The style sheet uses the same limit. */
export function isWide(): boolean {
  return matchMedia('(min-width: 900px)').matches;
}

/** Puts a document and its variables into the editors. If the editor contains the user's own text, opens a new tab. */
export function useEditors(): (document: string, variables: unknown) => void {
  const query = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const running = useGraphiQL((state) => state.subscription !== null);
  const defaultQuery = useGraphiQL((state) => state.defaultQuery);
  const actions = useGraphiQLActions();
  return (document, variables) => {
    const present = query?.getValue() ?? '';
    if (running) {
      actions.stop();
    }
    if (present.trim() !== '' && present !== defaultQuery) {
      actions.addTab();
    }
    query?.setValue(document);
    variableEditor?.setValue(JSON.stringify(variables, null, 2));
    if (!isWide()) {
      actions.setVisiblePlugin(null);
    }
    query?.focus();
  };
}
