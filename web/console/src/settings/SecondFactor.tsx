import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useQuery } from '../app/useQuery.js';
import {
  BeginTotpDocument,
  ConfirmTotpDocument,
  DisableTotpDocument,
  RegenerateRecoveryCodesDocument,
  SecondFactorDocument,
} from '../generated.js';
import { Button } from '../ui/Button.js';
import { Field } from '../ui/Field.js';
import { QrCode } from '../ui/QrCode.js';
import { Answer, ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import './second-factor.css';

type Codes = readonly string[];

/** Sets up the codes of an authenticator app, renews the recovery codes, and turns both off. */
export function SecondFactor(): ReactElement {
  const { t } = useTranslation();
  const query = useQuery(SecondFactorDocument, {});
  const [codes, setCodes] = useState<Codes | null>(null);

  function kept(): void {
    setCodes(null);
    query.reload();
  }

  return (
    <section className="card form" aria-labelledby="second-factor-title">
      <h2 id="second-factor-title">{t('totp.title')}</h2>
      {codes === null ? (
        <Answer query={query}>
          {({ viewer }) =>
            (viewer?.totpEnabledAt ?? null) === null ? <Off onCodes={setCodes} /> : <On onCodes={setCodes} onOff={query.reload} />
          }
        </Answer>
      ) : (
        <RecoveryCodes codes={codes} onKept={kept} />
      )}
    </section>
  );
}

function Off({ onCodes }: { readonly onCodes: (codes: Codes) => void }): ReactElement {
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

function On({ onCodes, onOff }: { readonly onCodes: (codes: Codes) => void; readonly onOff: () => void }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [code, setCode] = useState('');
  const renew = useAction((_key: string, given: string) => client.request(RegenerateRecoveryCodesDocument, { input: { code: given } }));
  const disable = useAction((_key: string, given: string) => client.request(DisableTotpDocument, { input: { code: given } }));
  const error = renew.error ?? disable.error;

  async function submit(): Promise<void> {
    disable.clear();
    const codes = (await renew.run(code.trim()))?.regenerateRecoveryCodes.recoveryCodes ?? null;
    if (codes !== null) onCodes(codes);
  }

  async function turnOff(): Promise<void> {
    renew.clear();
    if ((await disable.run(code.trim())) !== null) onOff();
  }

  return (
    <form className="form" onSubmit={submitting(submit)} aria-busy={renew.busy || disable.busy}>
      <p>{t('totp.on')}</p>
      {error === null ? null : <ErrorNote error={error} />}
      <Field
        label={t('login.code')}
        hint={t('login.codeHint')}
        value={code}
        onChange={setCode}
        autoComplete="one-time-code"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={40}
        required
      />
      <Button submit busy={renew.busy}>
        {t('totp.renew')}
      </Button>
      <Button
        tone="close"
        busy={disable.busy}
        onClick={() => {
          void turnOff();
        }}
      >
        {t('totp.turnOff')}
      </Button>
    </form>
  );
}

function RecoveryCodes({ codes, onKept }: { readonly codes: Codes; readonly onKept: () => void }): ReactElement {
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
