import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './Button.js';
import { Dialog } from './Dialog.js';

export interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onAnswer: (yes: boolean) => void;
}

/** Asks for confirmation before an action that cannot be undone. */
export function Confirm({ title, text, action, onAnswer }: ConfirmProps): ReactElement {
  const { t } = useTranslation();
  return (
    <Dialog
      title={title}
      size="small"
      onClose={() => {
        onAnswer(false);
      }}
      footer={
        <>
          <Button
            onClick={() => {
              onAnswer(false);
            }}
          >
            {t('common.cancel')}
          </Button>
          <Button
            tone="close"
            onClick={() => {
              onAnswer(true);
            }}
          >
            {action}
          </Button>
        </>
      }
    >
      <p>{text}</p>
    </Dialog>
  );
}
