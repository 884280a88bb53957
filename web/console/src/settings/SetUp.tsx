import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { BeginTotpDocument, ConfirmTotpDocument } from '../generated.js';
import { Button } from '../ui/Button.js';
import { Field } from '../ui/Field.js';
import { QrCode } from '../ui/QrCode.js';
import { ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import './second-factor.css';

export type Codes = readonly string[];

/** Asks for the password, shows the secret, and asks for a first code from the authenticator app. */
export function SetUp({ onCodes }: { readonly onCodes: (codes: Codes) => void }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [password, setPassword] = useState('');
  const begin = useAction((_key: string, secret: string) => client.request(BeginTotpDocument, { input: { password: secret } }));
  const [setup, setSetup] = useState<{ readonly secret: string; readonly uri: string } | null>(null);

  async function submit(): Promise<void> {
    const begun = (await begin.run(password))?.beginTotp;
    const [given, uri] = [begun?.secret ?? null, begun?.uri ?? null];
    if (given !== null && uri !== null) setSetup({ secret: given, uri });
  }

  if (setup !== null) return <Confirm {...setup} onCodes={onCodes} />;
  return (
    <form className="form" onSubmit={submitting(submit)} aria-busy={begin.busy}>
      <p>{t('totp.off')}</p>
      {begin.error === null ? null : <ErrorNote error={begin.error} />}
      <Field label={t('login.password')} value={password} onChange={setPassword} type="password" autoComplete="current-password" required />
      <Button tone="primary" submit busy={begin.busy}>
        {t('totp.setUp')}
      </Button>
    </form>
  );
}

interface ConfirmProps {
  readonly secret: string;
  readonly uri: string;
  readonly onCodes: (codes: Codes) => void;
}

function Confirm({ secret, uri, onCodes }: ConfirmProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [code, setCode] = useState('');
  const confirm = useAction((_key: string, digits: string) => client.request(ConfirmTotpDocument, { input: { code: digits } }));

  async function submit(): Promise<void> {
    const codes = (await confirm.run(code.trim()))?.confirmTotp.recoveryCodes ?? null;
    if (codes !== null) onCodes(codes);
  }

  return (
    <form className="form" onSubmit={submitting(submit)} aria-busy={confirm.busy}>
      <p>{t('totp.scan')}</p>
      <QrCode text={uri} label={t('totp.qr')} />
      <p>
        {t('totp.secret')} <code className="totp-secret">{secret}</code>
      </p>
      {confirm.error === null ? null : <ErrorNote error={confirm.error} />}
      <Field label={t('login.code')} value={code} onChange={setCode} inputMode="numeric" autoComplete="one-time-code" maxLength={10} required />
      <Button tone="primary" submit busy={confirm.busy}>
        {t('totp.confirm')}
      </Button>
    </form>
  );
}

/** Shows the recovery codes, which the server never shows again. */
export function RecoveryCodes({ codes, onKept }: { readonly codes: Codes; readonly onKept: () => void }): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <p role="status">{t('totp.codes')}</p>
      <ul className="recovery-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <Button tone="primary" onClick={onKept}>
        {t('totp.kept')}
      </Button>
    </>
  );
}
