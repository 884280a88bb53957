import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useViewer } from '../app/context.js';
import { useNews } from '../app/news.js';
import { useQuery } from '../app/useQuery.js';
import { Button } from '../ui/Button.js';
import { Answer, Empty } from '../ui/States.js';
import { WebhooksDocument, type WebhookFieldsFragment } from './generated.js';
import { SecretDialog } from './SecretDialog.js';
import { shownState, WebhookDetails } from './WebhookDetails.js';
import { WebhookForm } from './WebhookForm.js';
import '../reseller/reseller.css';
import '../reseller/tariffs.css';
import './webhooks.css';

/** The webhooks of the viewer's account, with the messages of one of them. */
export function Webhooks(): ReactElement {
  const { t } = useTranslation();
  const { account } = useViewer();
  const query = useQuery(WebhooksDocument, { accountId: account.id }, useNews());
  const [chosen, setChosen] = useState<string | null>(null);
  const [edited, setEdited] = useState<WebhookFieldsFragment | 'new' | null>(null);
  const [secret, setSecret] = useState<string | null>(null);

  function done(webhookId: string, made: string | null): void {
    setEdited(null);
    setChosen(webhookId);
    setSecret(made);
    query.reload();
  }

  return (
    <section className="screen" aria-labelledby="webhooks-title">
      <div className="screen-head">
        <h1 id="webhooks-title">{t('nav.webhooks')}</h1>
        <Button
          icon="add"
          onClick={() => {
            setEdited('new');
          }}
        >
          {t('webhooks.create')}
        </Button>
      </div>
      <Answer query={query}>
        {({ webhooks }) => (
          <Columns
            webhooks={webhooks.nodes}
            chosen={chosen}
            onChoose={setChosen}
            onEdit={setEdited}
            onSecret={setSecret}
            onChange={query.reload}
          />
        )}
      </Answer>
      {edited === null ? null : (
        <WebhookForm
          webhook={edited === 'new' ? null : edited}
          onDone={done}
          onClose={() => {
            setEdited(null);
          }}
        />
      )}
      {secret === null ? null : (
        <SecretDialog
          secret={secret}
          onClose={() => {
            setSecret(null);
          }}
        />
      )}
    </section>
  );
}

interface ColumnsProps {
  readonly webhooks: readonly WebhookFieldsFragment[];
  readonly chosen: string | null;
  readonly onChoose: (webhookId: string) => void;
  readonly onEdit: (webhook: WebhookFieldsFragment) => void;
  readonly onSecret: (secret: string) => void;
  readonly onChange: () => void;
}

const TONES = { ACTIVE: 'tile-detail', PAUSED: 'warn', DISABLED: 'bad' } as const;

function Columns({ webhooks, chosen, onChoose, onEdit, onSecret, onChange }: ColumnsProps): ReactElement {
  const { t } = useTranslation();
  const shown = webhooks.find(({ id }) => id === chosen) ?? webhooks[0];
  if (shown === undefined) return <Empty icon="send">{t('webhooks.none')}</Empty>;
  return (
    <div className="columns columns-list">
      <ul className="card choices">
        {webhooks.map((webhook) => (
          <li key={webhook.id}>
            <button
              type="button"
              className="choice"
              aria-pressed={webhook.id === shown.id}
              onClick={() => {
                onChoose(webhook.id);
              }}
            >
              <strong className="webhook-name">{webhook.description === '' ? webhook.url : webhook.description}</strong>
              <span className={TONES[shownState(webhook)]}>{t(`webhookState.${shownState(webhook)}`)}</span>
            </button>
          </li>
        ))}
      </ul>
      <WebhookDetails
        key={shown.id}
        webhook={shown}
        onEdit={() => {
          onEdit(shown);
        }}
        onSecret={onSecret}
        onChange={onChange}
      />
    </div>
  );
}
