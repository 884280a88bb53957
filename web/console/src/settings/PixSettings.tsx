import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import type { ShopFieldsFragment } from '../app/generated.js';
import { UpdatePixDocument } from '../generated.js';
import { Button } from '../ui/Button.js';
import { Field } from '../ui/Field.js';
import { ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';

export interface PixSettingsProps {
  readonly callshop: ShopFieldsFragment;
  readonly onSaved: () => void;
}

/** A form for the shop's Pix key, from which the server makes the codes that customers scan. An empty field removes the key. */
export function PixSettings({ callshop, onSaved }: PixSettingsProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [pixKey, setPixKey] = useState(callshop.pixKey ?? '');
  const [pixName, setPixName] = useState(callshop.pixName ?? '');
  const [pixCity, setPixCity] = useState(callshop.pixCity ?? '');
  const isEmpty = pixKey.trim() === '';
  const save = useAction(() => {
    const given = { pixKey: pixKey.trim(), pixName: pixName.trim(), pixCity: pixCity.trim() };
    return client.request(UpdatePixDocument, { input: { callshopId: callshop.id, ...(isEmpty ? { pixKey: null } : given) } });
  });

  async function submit(): Promise<void> {
    if ((await save.run()) !== null) onSaved();
  }

  return (
    <form className="card form" aria-labelledby="pix-title" onSubmit={submitting(submit)}>
      <h2 id="pix-title">{t('pix.title')}</h2>
      {save.error === null ? null : <ErrorNote error={save.error} />}
      <Field label={t('pix.key')} hint={t('pix.keyHint')} value={pixKey} onChange={setPixKey} maxLength={77} autoComplete="off" spellCheck={false} />
      <Field label={t('pix.name')} value={pixName} onChange={setPixName} required={!isEmpty} maxLength={25} autoComplete="off" />
      <Field label={t('pix.city')} value={pixCity} onChange={setPixCity} required={!isEmpty} maxLength={15} autoComplete="off" />
      <Button icon="check" submit busy={save.busy}>
        {t('pix.save')}
      </Button>
    </form>
  );
}
