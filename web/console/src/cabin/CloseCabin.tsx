import { useState, type ReactElement } from 'react';
import { parseMoney, type CabinView } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useDialogs } from '../app/dialogs.js';
import { useCabin } from '../app/shop.js';
import { useAction } from '../app/useAction.js';
import { RunningTotal } from '../board/LiveFigures.js';
import { CloseCabinDocument, VoidSessionDocument, type CloseMode } from '../generated.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { ErrorNote, Note } from '../ui/States.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';

export function CloseCabin({ cabinId, onClose }: { readonly cabinId: string; readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const view = useCabin(cabinId);
  const session = view?.session ?? null;
  return (
    <Dialog title={t('closeCabin.title', { cabin: view?.cabin.number ?? '' })} size="small" onClose={onClose}>
      {view === null || session === null ? (
        <Note>{t('closeCabin.alreadyClosed')}</Note>
      ) : (
        <Choices view={view} session={session} onClose={onClose} />
      )}
    </Dialog>
  );
}

interface ChoicesProps {
  readonly view: CabinView;
  readonly session: NonNullable<CabinView['session']>;
  readonly onClose: () => void;
}

function Choices({ view, session, onClose }: ChoicesProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { show } = useDialogs();
  // keep the id of the session to close, because the next customer may be in the cabin before the response arrives
  const [sessionId] = useState(session.id);
  const close = useAction((_key: string, mode: CloseMode) => client.request(CloseCabinDocument, { input: { sessionId, mode } }));
  const undo = useAction((idempotencyKey) => client.request(VoidSessionDocument, { input: { sessionId, idempotencyKey } }));
  const place = useFirstFocus<HTMLDivElement>('.button-close');
  const inCall = view.liveCall !== null;
  const empty = !inCall && parseMoney(session.runningTotal) === 0n;
  const error = close.error ?? undo.error;

  async function closeAnd(mode: CloseMode): Promise<void> {
    if ((await close.run(mode)) === null) return;
    show({ kind: 'bill', sessionId });
  }

  async function undoOpening(): Promise<void> {
    if ((await undo.run()) === null) return;
    onClose();
  }

  return (
    <div ref={place} className="form">
      {error === null ? null : <ErrorNote error={error} />}
      <p className="big-line">
        <RunningTotal session={session} call={view.liveCall} />
      </p>
      {inCall ? <Note icon="phone">{t('closeCabin.inCall')}</Note> : null}
      <Button tone="close" icon="closed" size="large" wide busy={close.busy} onClick={() => { void closeAnd('HANG_UP'); }}>
        {inCall ? t('closeCabin.hangUp') : t('closeCabin.submit')}
      </Button>
      {inCall ? (
        <Button icon="clock" wide busy={close.busy} onClick={() => { void closeAnd('DRAIN'); }}>
          {t('closeCabin.drain')}
        </Button>
      ) : null}
      {empty ? (
        <Button tone="quiet" icon="back" wide busy={undo.busy} onClick={() => { void undoOpening(); }}>
          {t('closeCabin.void')}
        </Button>
      ) : null}
    </div>
  );
}
