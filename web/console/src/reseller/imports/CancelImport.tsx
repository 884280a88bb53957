import { useEffect, useEffectEvent, useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../app/context.js';
import { useAction } from '../../app/useAction.js';
import { CancelImportDocument } from '../generated.js';
import { Button } from '../../ui/Button.js';
import { Confirm } from '../../ui/Confirm.js';
import { ErrorNote } from '../../ui/States.js';

export interface CancelProps {
  readonly id: string;
  readonly onDone: () => void;
}

/** Cancels an import that has not ended. */
export function Cancel({ id, onDone }: CancelProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const cancel = useAction(() => client.request(CancelImportDocument, { input: { importId: id } }));

  async function run(): Promise<void> {
    if ((await cancel.run()) !== null) onDone();
  }

  return (
    <>
      {cancel.error === null ? null : <ErrorNote error={cancel.error} />}
      <Button
        icon="close"
        busy={cancel.busy}
        onClick={() => {
          void run();
        }}
      >
        {t('imports.cancel')}
      </Button>
    </>
  );
}

export interface DiscardProps extends CancelProps {
  /** Called if the import is no longer in the state that the page shows, because somebody else has started or discarded it. */
  readonly onStale: () => void;
}

/** Discards a checked import and its file, after a confirmation. */
export function Discard({ id, onDone, onStale }: DiscardProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [asks, setAsks] = useState(false);
  const discard = useAction(() => client.request(CancelImportDocument, { input: { importId: id } }));
  const isStale = discard.error?.rawCode === 'ILLEGAL_STATE';
  const stale = useEffectEvent(onStale);
  useEffect(() => {
    if (isStale) stale();
  }, [isStale]);

  async function answered(yes: boolean): Promise<void> {
    setAsks(false);
    if (yes && (await discard.run()) !== null) onDone();
  }

  return (
    <>
      {discard.error === null ? null : <ErrorNote error={discard.error} />}
      <Button
        icon="close"
        busy={discard.busy}
        onClick={() => {
          setAsks(true);
        }}
      >
        {t('imports.discard')}
      </Button>
      {asks ? (
        <Confirm
          title={t('imports.discardTitle')}
          text={t('imports.discardText')}
          action={t('imports.discard')}
          onAnswer={(yes) => {
            void answered(yes);
          }}
        />
      ) : null}
    </>
  );
}
