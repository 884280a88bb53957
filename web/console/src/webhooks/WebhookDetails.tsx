import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { Button } from '../ui/Button.js';
import { Confirm } from '../ui/Confirm.js';
import { ErrorNote, Note } from '../ui/States.js';
import { Deliveries } from './Deliveries.js';
import {
  DeleteWebhookDocument,
  DeliveriesDocument,
  EnableWebhookDocument,
  RotateWebhookSecretDocument,
  TestWebhookDocument,
  type DeliveryFieldsFragment,
  type WebhookFieldsFragment,
} from './generated.js';

export interface WebhookDetailsProps {
  readonly webhook: WebhookFieldsFragment;
  readonly onEdit: () => void;
  readonly onSecret: (secret: string) => void;
  readonly onChange: () => void;
}

/** A webhook with its actions and its messages. */
export function WebhookDetails({ webhook, onEdit, onSecret, onChange }: WebhookDetailsProps): ReactElement {
  const [after, setAfter] = useState<string | null>(null);
  const deliveries = useQuery(DeliveriesDocument, { id: webhook.id, after });
  const [result, setResult] = useState<DeliveryFieldsFragment | null>(null);

  /** Shows the result of an attempt, which is also the newest in the list. */
  function attempted(delivery: DeliveryFieldsFragment | null): void {
    setResult(delivery);
    deliveries.reload();
  }

  return (
    <div className="tariff">
      <div className="card" data-testid="webhook">
        <h2 className="webhook-name">{webhook.description === '' ? webhook.url : webhook.description}</h2>
        <Facts webhook={webhook} />
        <Actions webhook={webhook} onEdit={onEdit} onSecret={onSecret} onChange={onChange} onAttempt={attempted} />
      </div>
      <Deliveries
        query={deliveries}
        after={after}
        result={result}
        onRefresh={() => {
          deliveries.reload();
          onChange();
        }}
        onPage={setAfter}
        onAttempt={attempted}
      />
    </div>
  );
}

function Facts({ webhook }: { readonly webhook: WebhookFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  const { url, query, state, disabledReason, disabledAt, role, oldSecretUntil, createdAt, createdBy } = webhook;
  const facts: (readonly [string, string])[] = [
    [t('webhooks.state'), t(`webhookState.${state}`)],
    [t('webhooks.since'), dateTime(createdAt)],
    [t('webhooks.role'), t(`role.${role}`)],
  ];
  if (createdBy !== null) facts.push([t('webhooks.by'), createdBy.displayName]);
  if (oldSecretUntil !== null) facts.push([t('webhooks.oldSecret'), dateTime(oldSecretUntil)]);
  return (
    <>
      {disabledReason === null || disabledAt === null ? null : (
        <Note>{t('webhooks.disabledAt', { time: dateTime(disabledAt), reason: t(`disabledReason.${disabledReason}`) })}</Note>
      )}
      <p className="webhook-url">
        <code>{url}</code>
      </p>
      <dl className="facts">
        {facts.map(([label, value]) => (
          <div key={label} className="fact">
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>{t('webhooks.document')}</summary>
        <pre className="webhook-document">
          <code>{query}</code>
        </pre>
      </details>
    </>
  );
}

interface ActionsProps extends WebhookDetailsProps {
  readonly onAttempt: (delivery: DeliveryFieldsFragment | null) => void;
}

function Actions({ webhook, onEdit, onSecret, onChange, onAttempt }: ActionsProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [asks, setAsks] = useState<'rotate' | 'delete' | null>(null);
  const input = { webhookId: webhook.id };
  const test = useAction(() => client.request(TestWebhookDocument, { input }));
  const enable = useAction(() => client.request(EnableWebhookDocument, { input }));
  const rotate = useAction((idempotencyKey: string) => client.request(RotateWebhookSecretDocument, { input: { ...input, idempotencyKey } }));
  const remove = useAction(() => client.request(DeleteWebhookDocument, { input }));
  const error = test.error ?? enable.error ?? rotate.error ?? remove.error;

  async function ping(): Promise<void> {
    const done = await test.run();
    if (done !== null) onAttempt(done.testWebhook.delivery);
  }

  async function turnOn(): Promise<void> {
    if ((await enable.run()) !== null) onChange();
  }

  async function answered(yes: boolean): Promise<void> {
    setAsks(null);
    if (!yes) return;
    if (asks === 'delete') {
      if ((await remove.run()) !== null) onChange();
      return;
    }
    const secret = (await rotate.run())?.rotateWebhookSecret.secret ?? null;
    onChange();
    if (secret !== null) onSecret(secret);
  }

  return (
    <>
      {error === null ? null : <ErrorNote error={error} />}
      <div className="line-actions">
        {webhook.state === 'DISABLED' ? (
          <Button tone="primary" icon="check" busy={enable.busy} onClick={() => { void turnOn(); }}>
            {t('webhooks.enable')}
          </Button>
        ) : null}
        <Button icon="send" busy={test.busy} onClick={() => { void ping(); }}>
          {t('webhooks.test')}
        </Button>
        <Button icon="wrench" onClick={onEdit}>
          {t('webhooks.edit')}
        </Button>
        <Button busy={rotate.busy} onClick={() => setAsks('rotate')}>
          {t('webhooks.rotate')}
        </Button>
        <Button icon="trash" busy={remove.busy} onClick={() => setAsks('delete')}>
          {t('webhooks.delete')}
        </Button>
      </div>
      {asks === null ? null : (
        <Confirm
          title={t(`webhooks.${asks}Title`)}
          text={t(`webhooks.${asks}Text`)}
          action={t(`webhooks.${asks}`)}
          onAnswer={(yes) => {
            void answered(yes);
          }}
        />
      )}
    </>
  );
}
