import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import { problemOf, useProblemFocus } from './fields.js';
import { ResetPasswordDocument, type UserFieldsFragment } from './generated.js';
import { PasswordField } from './PasswordField.js';

export interface NewPasswordProps {
  readonly user: UserFieldsFragment;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Sets another user's password. */
export function NewPassword({ user, onDone, onClose }: NewPasswordProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [password, setPassword] = useState('');
  const reset = useAction(() => client.request(ResetPasswordDocument, { input: { userId: user.id, password } }));
  const problem = problemOf(reset.error, 'password', t);
  const place = useFirstFocus<HTMLDivElement>('input');
  const form = useProblemFocus([problem]);

  async function submit(): Promise<void> {
    if ((await reset.run()) !== null) onDone();
  }

  return (
    <Dialog title={t('users.passwordTitle', { name: user.displayName })} size="small" onClose={onClose}>
      <div ref={place}>
        <form ref={form} className="form" onSubmit={submitting(submit)}>
          {reset.error === null || problem !== null ? null : <ErrorNote error={reset.error} />}
          <p>{t('users.passwordText')}</p>
          <PasswordField value={password} problem={problem} onChange={setPassword} />
          <Button tone="primary" icon="check" size="large" wide submit busy={reset.busy}>
            {t('users.passwordSubmit')}
          </Button>
        </form>
      </div>
    </Dialog>
  );
}
