import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useQuery } from '../app/useQuery.js';
import { SecondFactorDocument } from '../app/generated.js';
import { DisableTotpDocument, RegenerateRecoveryCodesDocument } from '../generated.js';
import { Button } from '../ui/Button.js';
import { Field } from '../ui/Field.js';
import { Answer, ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import { RecoveryCodes, SetUp, type Codes } from './SetUp.js';

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
            (viewer?.totpEnabledAt ?? null) === null ? <SetUp onCodes={setCodes} /> : <On onCodes={setCodes} onOff={query.reload} />
          }
        </Answer>
      ) : (
        <RecoveryCodes codes={codes} onKept={kept} />
      )}
    </section>
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
