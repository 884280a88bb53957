import { lazy, Suspense, useEffect, type ReactElement } from 'react';
import { useDialogs, type Open } from './dialogs.js';
import { Faults } from './Faults.js';

const loadAll = {
  openCabin: () => import('../cabin/OpenCabin.js'),
  cabin: () => import('../cabin/CabinDrawer.js'),
  closeCabin: () => import('../cabin/CloseCabin.js'),
  bill: () => import('../bill/Bill.js'),
  openRegister: () => import('../register/OpenRegister.js'),
  help: () => import('../settings/Help.js'),
};

const OpenCabin = lazy(() => loadAll.openCabin().then((module) => ({ default: module.OpenCabin })));
const CabinDrawer = lazy(() => loadAll.cabin().then((module) => ({ default: module.CabinDrawer })));
const CloseCabin = lazy(() => loadAll.closeCabin().then((module) => ({ default: module.CloseCabin })));
const Bill = lazy(() => loadAll.bill().then((module) => ({ default: module.Bill })));
const OpenRegister = lazy(() => loadAll.openRegister().then((module) => ({ default: module.OpenRegister })));
const Help = lazy(() => loadAll.help().then((module) => ({ default: module.Help })));

/** Delay in milliseconds, long enough for the board to appear first. */
const PRELOAD_AFTER_MS = 1500;

/** Loads the dialogs' code after the board, so that the first dialog opens immediately, even if the network has failed in the meantime. */
function usePreload(): void {
  useEffect(() => {
    const timer = setTimeout(() => {
      // if loading fails, opening the dialog shows the error
      for (const load of Object.values(loadAll)) load().catch(() => undefined);
    }, PRELOAD_AFTER_MS);
    return () => {
      clearTimeout(timer);
    };
  }, []);
}

export function DialogHost(): ReactElement | null {
  const { shown, hide } = useDialogs();
  usePreload();
  if (shown === null) return null;
  return (
    <Faults key={shown.kind}>
      <Suspense fallback={null}>{contents(shown, hide)}</Suspense>
    </Faults>
  );
}

function contents(shown: Open, hide: () => void): ReactElement {
  switch (shown.kind) {
    case 'open-cabin':
      return <OpenCabin key={shown.cabinId} cabinId={shown.cabinId} onClose={hide} />;
    case 'cabin':
      return <CabinDrawer key={shown.cabinId} cabinId={shown.cabinId} onClose={hide} />;
    case 'close-cabin':
      return <CloseCabin key={shown.cabinId} cabinId={shown.cabinId} onClose={hide} />;
    case 'bill':
      return <Bill key={shown.sessionId} sessionId={shown.sessionId} onClose={hide} />;
    case 'open-register':
      return <OpenRegister onClose={hide} />;
    case 'help':
      return <Help onClose={hide} />;
  }
}
