import { useEffect, useEffectEvent, useRef, useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { watch } from '../app/watched.js';
import { Button } from '../ui/Button.js';
import { Confirm } from '../ui/Confirm.js';
import { ErrorNote, Note } from '../ui/States.js';
import { Deliveries } from './Deliveries.js';
import {
  DeleteWebhookDocument,
  RotateWebhookSecretDocument,
  TestWebhookDocument,
  type DeliveryFieldsFragment,
  type WebhookFieldsFragment,
} from './generated.js';
import { PauseButton, ResumeButton } from './Resume.js';
import { useDeliveries } from './useDeliveries.js';

export interface WebhookDetailsProps {
  readonly webhook: WebhookFieldsFragment;
  readonly onEdit: () => void;
  readonly onSecret: (secret: string) => void;
  readonly onChange: () => void;
}

/** A webhook with its actions and its messages. */
export function WebhookDetails({ webhook, onEdit, onSecret, onChange }: WebhookDetailsProps): ReactElement {
  const [after, setAfter] = useState<string | null>(null);
  const deliveries = useDeliveries(webhook.id, after);
  const [result, setResult] = useState<DeliveryFieldsFragment | null>(null);
  useEffect(() => watch(webhook.id), [webhook.id]);
  // the server may have disabled the webhook because of a message that failed for good
  useChange(deliveries.data?.nodes.find(({ status }) => status === 'FAILED')?.deliveryId ?? null, deliveries.data !== null, onChange);

  return (
    <div className="tariff">
      <div className="card" data-testid="webhook">
        <h2 className="webhook-name">{webhook.description === '' ? webhook.url : webhook.description}</h2>
        <Facts webhook={webhook} />
        <Actions webhook={webhook} onEdit={onEdit} onSecret={onSecret} onChange={onChange} onAttempt={setResult} />
      </div>
      <Deliveries query={deliveries} after={after} result={result} onPage={setAfter} onAttempt={setResult} />
    </div>
  );
}

/** Calls `onChange` whenever the value changes after it has become known. */
function useChange(value: string | null, isKnown: boolean, onChange: () => void): void {
  const former = useRef<string | null | undefined>(undefined);
  const changed = useEffectEvent(onChange);
  useEffect(() => {
    if (!isKnown) return;
    if (former.current !== undefined && former.current !== value) changed();
    former.current = value;
  }, [value, isKnown]);
}

/** The state as people distinguish it: paused by a person, or disabled by the server. */
export function shownState({ state, disabledReason }: Pick<WebhookFieldsFragment, 'state' | 'disabledReason'>): 'ACTIVE' | 'PAUSED' | 'DISABLED' {
  return disabledReason === 'PAUSED' ? 'PAUSED' : state;
}

function Facts({ webhook }: { readonly webhook: WebhookFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  const { url, query, disabledReason, disabledAt, role, oldSecretUntil, createdAt, createdBy } = webhook;
  const facts: (readonly [string, string])[] = [
    [t('webhooks.state'), t(`webhookState.${shownState(webhook)}`)],
    [t('webhooks.since'), dateTime(createdAt)],
    [t('webhooks.role'), t(`role.${role}`)],
  ];
  if (createdBy !== null) facts.push([t('webhooks.by'), createdBy.displayName]);
  if (oldSecretUntil !== null) facts.push([t('webhooks.oldSecret'), dateTime(oldSecretUntil)]);
  return (
    <>
      {disabledReason === null || disabledAt === null ? null : (
        <Note icon={disabledReason === 'PAUSED' ? 'clock' : 'alert'}>
          {disabledReason === 'PAUSED'
            ? t('webhooks.pausedAt', { time: dateTime(disabledAt) })
            : t('webhooks.disabledAt', { time: dateTime(disabledAt), reason: t(`disabledReason.${disabledReason}`) })}
        </Note>
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
  const rotate = useAction((idempotencyKey: string) => client.request(RotateWebhookSecretDocument, { input: { ...input, idempotencyKey } }));
  const remove = useAction(() => client.request(DeleteWebhookDocument, { input }));
  const error = test.error ?? rotate.error ?? remove.error;

  async function ping(): Promise<void> {
    const done = await test.run();
    if (done !== null) onAttempt(done.testWebhook.delivery);
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
        {webhook.state === 'DISABLED' ? <ResumeButton webhookId={webhook.id} onDone={onChange} /> : <PauseButton webhookId={webhook.id} onDone={onChange} />}
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
