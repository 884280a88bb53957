import type { ReactElement } from 'react';
import { CallshopError } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../app/context.js';
import { useLocalImports } from '../../app/localImports.js';
import type { ImportFieldsFragment } from '../generated.js';
import { Button } from '../../ui/Button.js';
import { FileField } from '../../ui/FileField.js';
import { ErrorNote, Note } from '../../ui/States.js';
import { sendFile } from './begin.js';
import { ENDINGS } from './ImportForm.js';

export interface UploadProps {
  readonly job: ImportFieldsFragment;
  readonly currency: string;
}

/** The upload of an import's file. If it failed, or if the page does not have the file, the user sends the file. */
export function Upload({ job, currency }: UploadProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const imports = useLocalImports();
  const { file, upload } = imports.of(job.id);
  const isFailed = upload instanceof CallshopError;
  const isLost = job.state === 'UPLOAD_AGAIN' && upload === 'done';

  function send(chosen: File): void {
    if (job.uploadUrl !== null) void sendFile({ client, imports }, job.id, chosen, job.uploadUrl);
  }

  if (file === null) {
    return (
      <>
        <Note>{t(isLost ? 'imports.lost' : 'imports.waits')}</Note>
        <FileField label={t('imports.file')} name={t('imports.noFile')} hint={t('imports.fileHint', { currency })} accept={ENDINGS} onChoose={send} />
      </>
    );
  }
  return (
    <>
      {isFailed ? <ErrorNote error={upload} /> : null}
      {isLost ? <Note>{t('imports.lost')}</Note> : null}
      {isFailed || isLost ? (
        <Button
          tone="primary"
          onClick={() => {
            send(file);
          }}
        >
          {t('imports.sendAgain')}
        </Button>
      ) : (
        <progress aria-label={t('importState.UPLOAD')} />
      )}
    </>
  );
}
