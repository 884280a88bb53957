import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { BegunImport } from '../../app/begunImports.js';
import { useClient } from '../../app/context.js';
import { useAction } from '../../app/useAction.js';
import { useQuery } from '../../app/useQuery.js';
import { SaveMappingDocument, TariffMappingsDocument } from '../generated.js';
import { Button } from '../../ui/Button.js';
import { Field, SwitchField } from '../../ui/Field.js';
import { Answer, ErrorNote } from '../../ui/States.js';
import { submitting } from '../../ui/submitting.js';
import { mergeMappings, NO_ANSWERS } from './mapping.js';

interface Saved {
  readonly name: string;
  readonly mapping: string;
}

/** Saves the answers under the carrier's name, so that the carrier's next deck is read without questions. */
export function SaveMapping({ begun, currency }: { readonly begun: BegunImport; readonly currency: string }): ReactElement | null {
  const { mappingId } = begun.choice;
  const hasAnswers = begun.mapping !== NO_ANSWERS;
  const saved = useQuery(TariffMappingsDocument, hasAnswers ? {} : null);
  if (!hasAnswers) return null;
  return (
    <Answer query={saved}>
      {({ tariffMappings }) => (
        <SaveForm
          key={begun.mapping}
          former={tariffMappings.nodes.find(({ id }) => id === mappingId) ?? null}
          answers={begun.mapping}
          currency={currency}
        />
      )}
    </Answer>
  );
}

interface SaveFormProps {
  /** The carrier's mapping with which the import began. */
  readonly former: Saved | null;
  readonly answers: string;
  readonly currency: string;
}

function SaveForm({ former, answers, currency }: SaveFormProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [name, setName] = useState(former?.name ?? '');
  const [inCurrency, setInCurrency] = useState(false);
  const [savedAs, setSavedAs] = useState<string | null>(null);
  const save = useAction((_key: string, carrier: string, mapping: string) =>
    client.request(SaveMappingDocument, { input: { name: carrier, mapping } }),
  );

  async function submit(): Promise<void> {
    const all = mergeMappings(former?.mapping ?? NO_ANSWERS, answers);
    const mapping = inCurrency ? mergeMappings(all, JSON.stringify({ currency })) : all;
    const done = (await save.run(name.trim(), mapping))?.saveTariffMapping.mapping ?? null;
    if (done !== null) setSavedAs(done.name);
  }

  return (
    <form className="stack save-mapping" onSubmit={submitting(submit)}>
      <h3>{t('imports.save')}</h3>
      {save.error === null ? null : <ErrorNote error={save.error} />}
      <div className="row-form">
        <Field
          label={t('imports.carrierName')}
          hint={t('imports.saveHint')}
          value={name}
          maxLength={100}
          autoComplete="off"
          required
          onChange={(typed) => {
            setName(typed);
            setSavedAs(null);
          }}
        />
        <Button submit busy={save.busy}>
          {t('imports.saveSubmit')}
        </Button>
      </div>
      <SwitchField label={t('imports.saveCurrency', { currency })} checked={inCurrency} onChange={setInCurrency} />
      <p role="status" className="good">
        {savedAs === null ? '' : t('imports.saved', { name: savedAs })}
      </p>
    </form>
  );
}
