import { useGraphiQLActions } from '@graphiql/react';
import { useEffect } from 'react';

/** Makes Ctrl + Enter run the operation even when no editor has the focus. */
export function RunKey(): null {
  const actions = useGraphiQLActions();
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && event.target === document.body) {
        actions.run();
      }
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
    };
  }, [actions]);
  return null;
}
