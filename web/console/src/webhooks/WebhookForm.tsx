import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient, useViewer } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Field, SelectField } from '../ui/Field.js';
import { ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import { TextAreaField } from '../ui/TextAreaField.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import { readyDocuments, readyOf, type Ready } from './documents.js';
import { CreateWebhookDocument, UpdateWebhookDocument, type WebhookFieldsFragment } from './generated.js';

export interface WebhookFormProps {
  /** The webhook to change; null for a new one. */
  readonly webhook: WebhookFieldsFragment | null;
  /** Called with the new webhook's secret; null if a webhook was changed. */
  readonly onDone: (webhookId: string, secret: string | null) => void;
  readonly onClose: () => void;
}

interface Form {
  readonly url: string;
  readonly description: string;
  readonly query: string;
}

/** Asks for the address and the document of a webhook. */
export function WebhookForm({ webhook, onDone, onClose }: WebhookFormProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const documents = readyDocuments(useViewer());
  const [form, setForm] = useState<Form>(() => ({
    url: webhook?.url ?? '',
    description: webhook?.description ?? '',
    query: webhook?.query ?? [...documents.values()][0] ?? '',
  }));
  const place = useFirstFocus<HTMLFormElement>('input');
  const create = useAction((idempotencyKey: string, input: Form) => client.request(CreateWebhookDocument, { input: { ...input, idempotencyKey } }));
  const update = useAction((_key: string, webhookId: string, input: Partial<Form>) => client.request(UpdateWebhookDocument, { input: { ...input, webhookId } }));
  const error = create.error ?? update.error;

  async function submit(): Promise<void> {
    const input = { url: form.url.trim(), description: form.description.trim(), query: form.query.trim() };
    if (webhook !== null) {
      if ((await update.run(webhook.id, changesOf(webhook, input))) !== null) onDone(webhook.id, null);
      return;
    }
    const made = (await create.run(input))?.createWebhook;
    const id = made?.webhook?.id;
    if (id !== undefined) onDone(id, made?.secret ?? null);
  }

  function change(more: Partial<Form>): void {
    setForm((former) => ({ ...former, ...more }));
  }

  return (
    <Dialog title={webhook === null ? t('webhooks.create') : t('webhooks.titleOf')} onClose={onClose}>
      <form ref={place} className="form" onSubmit={submitting(submit)}>
        {error === null ? null : <ErrorNote error={error} />}
        <Field
          label={t('webhooks.url')}
          hint={t('webhooks.urlHint')}
          type="url"
          value={form.url}
          maxLength={2000}
          autoComplete="off"
          required
          onChange={(url) => {
            change({ url });
          }}
        />
        <Field
          label={t('webhooks.description')}
          hint={t('form.optional')}
          value={form.description}
          maxLength={200}
          autoComplete="off"
          onChange={(description) => {
            change({ description });
          }}
        />
        <DocumentFields
          query={form.query}
          documents={documents}
          onChange={(query) => {
            change({ query });
          }}
        />
        <Button tone="primary" icon="check" size="large" wide submit busy={create.busy || update.busy}>
          {t(webhook === null ? 'webhooks.submit' : 'webhooks.save')}
        </Button>
      </form>
    </Dialog>
  );
}

/** The fields that differ. A webhook whose address or document is sent, even unchanged, keeps only the rights that the user has as well. */
export function changesOf(former: Form, { url, description, query }: Form): Partial<Form> {
  return {
    description,
    ...(url === former.url ? {} : { url }),
    ...(query === former.query ? {} : { query }),
  };
}

interface DocumentFieldsProps {
  readonly query: string;
  readonly documents: ReadonlyMap<Ready, string>;
  readonly onChange: (query: string) => void;
}

/** The ready documents, and the text of the document, which can be edited. */
function DocumentFields({ query, documents, onChange }: DocumentFieldsProps): ReactElement {
  const { t } = useTranslation();
  const ready = readyOf(query, documents);
  const names = [...documents.keys()];
  const choices = [...names, ...(ready === null ? (['own'] as const) : [])];
  return (
    <>
      <SelectField
        label={t('webhooks.what')}
        value={ready ?? 'own'}
        choices={choices.map((value) => ({ value, label: t(`ready.${value}`) }))}
        onChange={(value) => {
          const text = value === 'own' ? undefined : documents.get(value);
          if (text !== undefined) onChange(text);
        }}
      />
      <TextAreaField
        label={t('webhooks.document')}
        hint={t('webhooks.documentHint')}
        value={query}
        maxLength={20_000}
        spellCheck={false}
        required
        onChange={onChange}
      />
    </>
  );
}
