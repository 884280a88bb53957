import { lazy, Suspense, type ReactElement, type ReactNode } from 'react';
import { LaterTexts } from '../app/LaterTexts.js';
import { useQuery } from '../app/useQuery.js';
import { SecondFactorDocument } from '../app/generated.js';
import { Loading } from '../ui/States.js';

const FirstSetUp = lazy(() => import('./FirstSetUp.js').then((module) => ({ default: module.FirstSetUp })));

/**
 * Shows the setup of the second factor instead of the page if the server requires one and the user has none. The page appears before the server's
 * response, because for nearly all users the response changes nothing.
 */
export function SecondFactorGate({ children }: { readonly children: ReactNode }): ReactElement {
  const { data, reload } = useQuery(SecondFactorDocument, {});
  if (data?.viewer?.totpSetupRequired !== true) return <>{children}</>;
  return (
    <Suspense fallback={<Loading />}>
      <LaterTexts>
        <FirstSetUp onDone={reload} />
      </LaterTexts>
    </Suspense>
  );
}
