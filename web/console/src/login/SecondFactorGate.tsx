import { lazy, Suspense, type ReactElement, type ReactNode } from 'react';
import { useQuery } from '../app/useQuery.js';
import { SecondFactorDocument } from '../generated.js';
import { Loading } from '../ui/States.js';

const FirstSetUp = lazy(() => import('./FirstSetUp.js').then((module) => ({ default: module.FirstSetUp })));

/**
 * Puts the set-up of the second factor before the page, if this server requires one and the user has none. The page does not wait for the answer,
 * because for nearly everybody it changes nothing.
 */
export function SecondFactorGate({ children }: { readonly children: ReactNode }): ReactElement {
  const { data, reload } = useQuery(SecondFactorDocument, {});
  if (data?.viewer?.totpSetupRequired !== true) return <>{children}</>;
  return (
    <Suspense fallback={<Loading />}>
      <FirstSetUp onDone={reload} />
    </Suspense>
  );
}
