import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../app/context.js';
import { useAction } from '../../app/useAction.js';
import { useQuery } from '../../app/useQuery.js';
import { SaveMappingDocument, TariffMappingsDocument } from '../generated.js';
import { Button } from '../../ui/Button.js';
import { Field, SwitchField } from '../../ui/Field.js';
import { Answer, ErrorNote } from '../../ui/States.js';
import { submitting } from '../../ui/submitting.js';
import { mergeMappings, sortedMapping } from './mapping.js';

export interface SaveMappingProps {
  /** The mapping with which the server read the file: the carrier's saved mapping and the answers, as JSON. */
  readonly mapping: string | null;
  /** The carrier's saved mapping that was chosen for the import. */
  readonly mappingId: string | null;
  readonly currency: string;
}

/** Saves the answers under the carrier's name, so that the carrier's next deck is read without questions. Shows nothing if they are saved. */
export function SaveMapping({ mapping, mappingId, currency }: SaveMappingProps): ReactElement | null {
  const saved = useQuery(TariffMappingsDocument, mapping === null ? null : {});
  if (mapping === null) return null;
  return (
    <Answer query={saved}>
      {({ tariffMappings: { nodes } }) =>
        nodes.some((other) => sortedMapping(other.mapping) === sortedMapping(mapping)) ? null : (
          <SaveForm
            key={mapping}
            name={nodes.find(({ id }) => id === mappingId)?.name ?? ''}
            mapping={mapping}
            currency={currency}
          />
        )
      }
    </Answer>
  );
}

interface SaveFormProps {
  /** The name of the carrier that was chosen for the import; empty if none was chosen. */
  readonly name: string;
  readonly mapping: string;
  readonly currency: string;
}

function SaveForm({ name: chosen, mapping, currency }: SaveFormProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [name, setName] = useState(chosen);
  const [inCurrency, setInCurrency] = useState(false);
  const [savedAs, setSavedAs] = useState<string | null>(null);
  const save = useAction((_key: string, carrier: string, wanted: string) =>
    client.request(SaveMappingDocument, { input: { name: carrier, mapping: wanted } }),
  );

  async function submit(): Promise<void> {
    const wanted = inCurrency ? mergeMappings(mapping, JSON.stringify({ currency })) : mapping;
    const done = (await save.run(name.trim(), wanted))?.saveTariffMapping.mapping ?? null;
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
