import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Field, SwitchField } from '../ui/Field.js';

export interface PasswordFieldProps {
  readonly value: string;
  readonly problem: string | null;
  readonly onChange: (password: string) => void;
}

/** A new password for another user, which can be shown, because the other user must be told the password. */
export function PasswordField({ value, problem, onChange }: PasswordFieldProps): ReactElement {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  return (
    <>
      <Field
        label={t('users.newPassword')}
        hint={t('users.passwordHint')}
        problem={problem}
        type={shown ? 'text' : 'password'}
        value={value}
        maxLength={256}
        autoComplete="new-password"
        autoCapitalize="none"
        spellCheck={false}
        required
        onChange={onChange}
      />
      <SwitchField label={t('users.showPassword')} checked={shown} onChange={setShown} />
    </>
  );
}
