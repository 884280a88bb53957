import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { LANGUAGES } from '../app/settings.js';
import { useAction } from '../app/useAction.js';
import { LANGUAGE_NAMES } from '../i18n/languages.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Field, SelectField, type Choice } from '../ui/Field.js';
import { ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import { problemOf } from './fields.js';
import { UpdateUserDocument, type UserFieldsFragment } from './generated.js';

export interface EditUserProps {
  readonly user: UserFieldsFragment;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** The languages for messages to a user. The empty value is the language of the user's account; a tag that the page does not know stays as it is. */
export function localeChoices(locale: string | null, account: string): readonly Choice<string>[] {
  const names: readonly Choice<string>[] = LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }));
  const isKnown = locale === null || names.some(({ value }) => value === locale);
  return [{ value: '', label: account }, ...names, ...(isKnown ? [] : [{ value: locale, label: locale }])];
}

/** Changes a user's name and language. */
export function EditUser({ user, onDone, onClose }: EditUserProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [displayName, setDisplayName] = useState(user.displayName);
  const [locale, setLocale] = useState(user.locale ?? '');
  const update = useAction(() =>
    client.request(UpdateUserDocument, { input: { userId: user.id, displayName: displayName.trim(), locale: locale === '' ? null : locale } }),
  );
  const problem = problemOf(update.error, 'displayName', t);
  const place = useFirstFocus<HTMLFormElement>('input');

  async function submit(): Promise<void> {
    if ((await update.run()) !== null) onDone();
  }

  return (
    <Dialog title={t('users.editTitle', { name: user.displayName })} size="small" onClose={onClose}>
      <form ref={place} className="form" onSubmit={submitting(submit)}>
        {update.error === null || problem !== null ? null : <ErrorNote error={update.error} />}
        <Field
          label={t('users.displayName')}
          hint={t('users.displayNameHint')}
          problem={problem}
          value={displayName}
          maxLength={100}
          autoComplete="off"
          required
          onChange={setDisplayName}
        />
        <SelectField label={t('users.locale')} value={locale} choices={localeChoices(user.locale, t('users.accountLocale'))} onChange={setLocale} />
        <Button tone="primary" icon="check" size="large" wide submit busy={update.busy}>
          {t('users.save')}
        </Button>
      </form>
    </Dialog>
  );
}
