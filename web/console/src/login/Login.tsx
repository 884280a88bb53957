import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient, useConnection } from '../app/context.js';
import { LANGUAGES, settingsStore, useSettings } from '../app/settings.js';
import { useAction } from '../app/useAction.js';
import { LANGUAGE_NAMES } from '../i18n/languages.js';
import { Button } from '../ui/Button.js';
import { Field, SelectField } from '../ui/Field.js';
import { Icon } from '../ui/Icon.js';
import { ErrorNote, Note } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';

export function Login(): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const offline = useConnection().state === 'offline';
  const { language } = useSettings();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const login = useAction((_key: string, user: string, secret: string) => client.login(user, secret));

  function submit(): void {
    void login.run(name.trim(), password);
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
          onChange={setName}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
        />
        <Field
          label={t('login.password')}
          value={password}
          onChange={setPassword}
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
        <Button tone="primary" size="large" wide submit busy={login.busy}>
          {login.busy ? t('login.busy') : t('login.submit')}
        </Button>
        <SelectField
          label={t('settings.language')}
          value={language}
          choices={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
          onChange={(chosen) => {
            settingsStore.change({ language: chosen });
          }}
        />
      </form>
    </main>
  );
}
