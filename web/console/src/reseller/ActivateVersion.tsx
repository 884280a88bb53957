import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { ActivateVersionDocument, type ActivateVersionMutation, type VersionRowFragment } from './generated.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { ErrorNote, Note } from '../ui/States.js';
import { Margin } from './Comparison.js';

type Done = ActivateVersionMutation['activateTariffVersion'];

export interface ActivateVersionProps {
  readonly version: VersionRowFragment;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Activates a draft, and then shows the prices below cost and the scheduled version that does not contain the draft's changes. */
export function ActivateVersion({ version, onDone, onClose }: ActivateVersionProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { number, id } = version;
  const [done, setDone] = useState<Done | null>(null);
  const activate = useAction((idempotencyKey: string) => client.request(ActivateVersionDocument, { input: { versionId: id, idempotencyKey } }));

  async function run(): Promise<void> {
    const answer = await activate.run();
    if (answer === null) return;
    setDone(answer.activateTariffVersion);
    onDone();
  }

  return (
    <Dialog title={t('compare.activateTitle', { number })} size={done === null ? 'small' : 'normal'} onClose={onClose}>
      {done === null ? (
        <div className="form">
          <p>{t('compare.activateText')}</p>
          {activate.error === null ? null : <ErrorNote error={activate.error} />}
          <Button
            tone="primary"
            icon="check"
            wide
            busy={activate.busy}
            onClick={() => {
              void run();
            }}
          >
            {t('compare.activate')}
          </Button>
        </div>
      ) : (
        <Outcome number={number} done={done} onClose={onClose} />
      )}
    </Dialog>
  );
}

function Outcome({ number, done, onClose }: { readonly number: number; readonly done: Done; readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  const { next, margin } = done;
  const begins = next?.activeFrom ?? null;
  return (
    <div className="form">
      <p className="outcome outcome-good" role="status">
        {t('compare.activated', { number })}
      </p>
      {next === null || begins === null ? null : (
        <Note icon="clock">{t('compare.nextLacks', { number: next.number, time: dateTime(begins) })}</Note>
      )}
      {margin === null ? null : <Margin margin={margin} />}
      <Button tone="primary" wide onClick={onClose}>
        {t('receipt.done')}
      </Button>
    </div>
  );
}
