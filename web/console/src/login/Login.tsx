import { useState, type ReactElement } from 'react';
import { CallshopError } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useClient, useConnection } from '../app/context.js';
import { LANGUAGES, settingsStore, useSettings } from '../app/settings.js';
import { useAction, type Action } from '../app/useAction.js';
import { LANGUAGE_NAMES } from '../i18n/languages.js';
import { Button } from '../ui/Button.js';
import { Field, SelectField } from '../ui/Field.js';
import { Icon } from '../ui/Icon.js';
import { ErrorNote, Note } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';

/** The action of the form, and whether the server has asked for a code from the second factor. */
function useLogin(): { login: Action<[string, string, string], unknown>; needsCode: boolean; forget: () => void } {
  const client = useClient();
  const [needsCode, setNeedsCode] = useState(false);
  const login = useAction(async (_key: string, name: string, password: string, code: string) => {
    try {
      return await client.login(name, password, code === '' ? undefined : code);
    } catch (error) {
      // the password is correct, so show the field for the code instead of an error
      if (!(error instanceof CallshopError) || error.code !== 'TOTP_REQUIRED' || code !== '') throw error;
      setNeedsCode(true);
      return null;
    }
  });
  const forget = (): void => {
    setNeedsCode(false);
  };
  return { login, needsCode, forget };
}

export function Login(): ReactElement {
  const { t } = useTranslation();
  const offline = useConnection().state === 'offline';
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const { login, needsCode, forget } = useLogin();

  function submit(): void {
    void login.run(name.trim(), password, needsCode ? code.trim() : '');
  }

  /** Removes the code and its field when the login or password changes, because another user may have no second factor. */
  function change(set: (value: string) => void): (value: string) => void {
    return (value) => {
      set(value);
      setCode('');
      forget();
    };
  }

  return (
    <main className="login">
      <form className="card login-card" onSubmit={submitting(submit)} aria-busy={login.busy}>
        <div className="brand brand-large">
          <Icon name="phone" />
          <h1>{t('login.title')}</h1>
        </div>
        {offline ? <Note icon="offline">{t('login.offline')}</Note> : null}
        {login.error === null ? null : <ErrorNote error={login.error} />}
        <Field
          label={t('login.name')}
          hint={t('login.nameHint')}
          value={name}
          onChange={change(setName)}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
        />
        <Field
          label={t('login.password')}
          value={password}
          onChange={change(setPassword)}
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
        {needsCode ? <CodeField value={code} onChange={setCode} /> : null}
        <Button tone="primary" size="large" wide submit busy={login.busy}>
          {login.busy ? t('login.busy') : t('login.submit')}
        </Button>
        <LanguageField />
      </form>
    </main>
  );
}

function CodeField({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }): ReactElement {
  const { t } = useTranslation();
  return (
    <Field
      label={t('login.code')}
      hint={t('login.codeHint')}
      value={value}
      onChange={onChange}
      name="code"
      autoComplete="one-time-code"
      autoCapitalize="none"
      spellCheck={false}
      maxLength={40}
      ref={focus}
      required
    />
  );
}

function LanguageField(): ReactElement {
  const { t } = useTranslation();
  const { language } = useSettings();
  return (
    <SelectField
      label={t('settings.language')}
      value={language}
      choices={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
      onChange={(chosen) => {
        settingsStore.change({ language: chosen });
      }}
    />
  );
}

/** Focuses the field for the code when it appears, because nothing else is left to enter. */
function focus(field: HTMLInputElement | null): void {
  field?.focus();
}
