import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Field } from '../ui/Field.js';
import { Note } from '../ui/States.js';

/** The secret of a webhook, which cannot be shown again after this dialog is closed. */
export function SecretDialog({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  return (
    <Dialog
      title={t('webhooks.secretTitle')}
      onClose={onClose}
      footer={
        <Button tone="primary" icon="check" onClick={onClose}>
          {t('webhooks.written')}
        </Button>
      }
    >
      <div className="form">
        <Note>{t('webhooks.secretOnce')}</Note>
        <Field
          label={t('webhooks.secretLabel')}
          value={secret}
          onChange={() => undefined}
          readOnly
          spellCheck={false}
          autoComplete="off"
          onFocus={(event) => {
            event.currentTarget.select();
          }}
        />
      </div>
    </Dialog>
  );
}
