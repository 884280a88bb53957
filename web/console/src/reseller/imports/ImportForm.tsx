import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../app/context.js';
import { useLocalImports, type ImportChoice } from '../../app/localImports.js';
import { useAction } from '../../app/useAction.js';
import { useQuery } from '../../app/useQuery.js';
import { TariffMappingsDocument } from '../generated.js';
import { Button } from '../../ui/Button.js';
import { Dialog } from '../../ui/Dialog.js';
import { Field, Segments, SelectField, SwitchField } from '../../ui/Field.js';
import { FileField } from '../../ui/FileField.js';
import { ErrorNote } from '../../ui/States.js';
import { submitting } from '../../ui/submitting.js';
import { useFirstFocus } from '../../ui/useFirstFocus.js';
import { begin } from './begin.js';

/** Value of the list of carriers if the server finds the file's layout. */
const NO_CARRIER = '';
const MODES = ['MERGE', 'REPLACE_COUNTRIES', 'REPLACE'] as const;
const MAX_NOTE = 100;

/** Names of files that the server can read. It goes by their contents, so this only sorts the browser's list of files. */
export const ENDINGS = '.csv,.tsv,.txt,.xlsx,.gz';

export interface ImportFormProps {
  readonly tariff: { readonly id: string; readonly name: string; readonly currency: string };
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Asks for a rate deck and for the way to import it, and begins with a check that changes nothing. */
export function ImportForm({ tariff, onDone, onClose }: ImportFormProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const imports = useLocalImports();
  const [file, setFile] = useState<File | null>(null);
  const [isMissing, setMissing] = useState(false);
  const [choice, setChoice] = useState<ImportChoice>({ mode: 'MERGE', mappingId: null, byDate: false, note: '' });
  const place = useFirstFocus<HTMLFormElement>('input');
  const check = useAction((key: string, chosen: File) =>
    begin({ client, imports }, { tariffId: tariff.id, file: chosen, choice, mapping: null }, key),
  );

  async function submit(): Promise<void> {
    setMissing(file === null);
    if (file !== null && (await check.run(file)) !== null) onDone();
  }

  function choose(chosen: File): void {
    setFile(chosen);
    setMissing(false);
    setChoice((former) => ({ ...former, note: chosen.name.slice(0, MAX_NOTE) }));
  }

  return (
    <Dialog title={t('imports.titleOf', { name: tariff.name })} onClose={onClose}>
      <form ref={place} className="form" onSubmit={submitting(submit)}>
        {check.error === null ? null : <ErrorNote error={check.error} />}
        <FileField
          label={t('imports.file')}
          name={file?.name ?? t('imports.noFile')}
          hint={t('imports.fileHint', { currency: tariff.currency })}
          problem={isMissing ? t('imports.fileMissing') : null}
          accept={ENDINGS}
          onChoose={choose}
        />
        <ChoiceFields
          choice={choice}
          onChange={(more) => {
            setChoice((former) => ({ ...former, ...more }));
          }}
        />
        <Button tone="primary" icon="check" size="large" wide submit busy={check.busy}>
          {t('imports.check')}
        </Button>
        <p className="hint">{t('imports.checkHint')}</p>
      </form>
    </Dialog>
  );
}

interface ChoiceFieldsProps {
  readonly choice: ImportChoice;
  readonly onChange: (more: Partial<ImportChoice>) => void;
}

function ChoiceFields({ choice, onChange }: ChoiceFieldsProps): ReactElement {
  const { t } = useTranslation();
  const carriers = useQuery(TariffMappingsDocument, {});
  return (
    <>
      <SelectField
        label={t('imports.carrier')}
        value={choice.mappingId ?? NO_CARRIER}
        choices={[
          { value: NO_CARRIER, label: t('imports.noCarrier') },
          ...(carriers.data?.tariffMappings.nodes ?? []).map(({ id, name }) => ({ value: id, label: name })),
        ]}
        onChange={(value) => {
          onChange({ mappingId: value === NO_CARRIER ? null : value });
        }}
      />
      {carriers.error === null ? null : <ErrorNote error={carriers.error} onRetry={carriers.reload} />}
      <div className="field">
        <Segments
          label={t('imports.mode')}
          value={choice.mode}
          choices={MODES.map((value) => ({ value, label: t(`imports.${value}`) }))}
          onChange={(mode) => {
            onChange({ mode });
          }}
        />
        <p className="hint">{t(`imports.${choice.mode}_hint`)}</p>
      </div>
      <SwitchField
        label={t('imports.byDate')}
        checked={choice.byDate}
        onChange={(byDate) => {
          onChange({ byDate });
        }}
      />
      <Field
        label={t('imports.note')}
        hint={t('form.optional')}
        value={choice.note}
        maxLength={MAX_NOTE}
        autoComplete="off"
        onChange={(note) => {
          onChange({ note });
        }}
      />
    </>
  );
}
