import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { CancelVersionDocument, type VersionRowFragment } from './generated.js';
import { Button } from '../ui/Button.js';
import { Confirm } from '../ui/Confirm.js';
import { ErrorNote } from '../ui/States.js';

export interface CancelScheduleProps {
  readonly version: VersionRowFragment;
  readonly onDone: () => void;
}

/** Cancels the schedule of a version, which becomes a draft again. */
export function CancelSchedule({ version, onDone }: CancelScheduleProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [asks, setAsks] = useState(false);
  const cancel = useAction((idempotencyKey: string) => client.request(CancelVersionDocument, { input: { versionId: version.id, idempotencyKey } }));

  async function answered(yes: boolean): Promise<void> {
    setAsks(false);
    if (yes && (await cancel.run()) !== null) onDone();
  }

  return (
    <>
      {cancel.error === null ? null : <ErrorNote error={cancel.error} />}
      <Button
        icon="close"
        busy={cancel.busy}
        onClick={() => {
          setAsks(true);
        }}
      >
        {t('compare.cancelSchedule')}
      </Button>
      {asks ? (
        <Confirm
          title={t('compare.cancelTitle', { number: version.number })}
          text={t('compare.cancelText')}
          action={t('compare.cancelSchedule')}
          onAnswer={(yes) => {
            void answered(yes);
          }}
        />
      ) : null}
    </>
  );
}
