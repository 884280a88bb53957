import { Suspense, type ReactElement } from 'react';
import { useDialogs, type Open } from './dialogs.js';
import { Faults } from './Faults.js';
import { later, usePreload } from './later.js';
import { LaterTexts } from './LaterTexts.js';

const openCabin = later(() => import('../cabin/OpenCabin.js').then((module) => module.OpenCabin));
const cabinDrawer = later(() => import('../cabin/CabinDrawer.js').then((module) => module.CabinDrawer));
const closeCabin = later(() => import('../cabin/CloseCabin.js').then((module) => module.CloseCabin));
const bill = later(() => import('../bill/Bill.js').then((module) => module.Bill));
const openRegister = later(() => import('../register/OpenRegister.js').then((module) => module.OpenRegister));
const help = later(() => import('../settings/Help.js').then((module) => module.Help));
const ALL = [openCabin, cabinDrawer, closeCabin, bill, openRegister, help];

export function DialogHost(): ReactElement | null {
  const { shown, hide } = useDialogs();
  usePreload(ALL);
  if (shown === null) return null;
  return (
    <Faults key={shown.kind}>
      <Suspense fallback={null}>
        <LaterTexts>{contents(shown, hide)}</LaterTexts>
      </Suspense>
    </Faults>
  );
}

function contents(shown: Open, hide: () => void): ReactElement {
  switch (shown.kind) {
    case 'open-cabin':
      return <openCabin.Component key={shown.cabinId} cabinId={shown.cabinId} onClose={hide} />;
    case 'cabin':
      return <cabinDrawer.Component key={shown.cabinId} cabinId={shown.cabinId} onClose={hide} />;
    case 'close-cabin':
      return <closeCabin.Component key={shown.cabinId} cabinId={shown.cabinId} onClose={hide} />;
    case 'bill':
      return <bill.Component key={shown.sessionId} sessionId={shown.sessionId} onClose={hide} />;
    case 'open-register':
      return <openRegister.Component onClose={hide} />;
    case 'help':
      return <help.Component onClose={hide} />;
  }
}
