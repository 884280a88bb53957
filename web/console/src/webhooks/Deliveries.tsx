import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import type { Query } from '../app/useQuery.js';
import { Button } from '../ui/Button.js';
import { Pager } from '../ui/Pager.js';
import { Answer, Empty, ErrorNote } from '../ui/States.js';
import { ReplayDeliveryDocument, SkipDeliveryDocument, type DeliveryFieldsFragment } from './generated.js';
import type { DeliveryPage } from './useDeliveries.js';

export interface DeliveriesProps {
  readonly query: Query<DeliveryPage>;
  /** The cursor before the shown page; null for the first page. */
  readonly after: string | null;
  /** The message that was sent last from this page. */
  readonly result: DeliveryFieldsFragment | null;
  readonly onPage: (after: string | null) => void;
  readonly onAttempt: (delivery: DeliveryFieldsFragment | null) => void;
}

/** The messages of a webhook, newest first. The list follows the log. */
export function Deliveries({ query, after, result, onPage, onAttempt }: DeliveriesProps): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="card" data-testid="deliveries">
      <h2>{t('webhooks.deliveries')}</h2>
      <p role="status" className={result?.status === 'DELIVERED' ? 'good' : 'warn'}>
        {result === null ? '' : resultText(result, t)}
      </p>
      <Answer query={query}>
        {({ nodes, pageInfo }) =>
          nodes.length === 0 ? (
            <Empty icon="send">{t('webhooks.noDeliveries')}</Empty>
          ) : (
            <>
              <Table deliveries={nodes} onAttempt={onAttempt} />
              <Pager after={after} pageInfo={pageInfo} onChange={onPage} />
            </>
          )
        }
      </Answer>
    </div>
  );
}

/** The result of an attempt. */
export function resultText({ responseStatus, error }: Pick<DeliveryFieldsFragment, 'responseStatus' | 'error'>, t: TFunction): string {
  return responseStatus === null ? t('webhooks.resultNone', { reason: error ?? '' }) : t('webhooks.result', { status: responseStatus });
}

interface TableProps {
  readonly deliveries: readonly DeliveryFieldsFragment[];
  readonly onAttempt: (delivery: DeliveryFieldsFragment | null) => void;
}

function Table({ deliveries, onAttempt }: TableProps): ReactElement {
  const { t } = useTranslation();
  return (
    <table className="table table-cards deliveries">
      <thead>
        <tr>
          <th scope="col">{t('webhooks.message')}</th>
          <th scope="col">{t('webhooks.state')}</th>
          <th scope="col">{t('webhooks.answer')}</th>
          <th scope="col">{t('webhooks.at')}</th>
          <th scope="col">
            <span className="visually-hidden">{t('webhooks.replay')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {deliveries.map((delivery) => (
          <Line key={delivery.deliveryId} delivery={delivery} onAttempt={onAttempt} />
        ))}
      </tbody>
    </table>
  );
}

const TONES = { PENDING: 'warn', DELIVERED: 'good', FAILED: 'bad', SKIPPED: 'quiet' } as const;

function Line({ delivery, onAttempt }: { readonly delivery: DeliveryFieldsFragment; readonly onAttempt: TableProps['onAttempt'] }): ReactElement {
  const { t } = useTranslation();
  const { dateTime, count } = useFormat();
  const { kind, seq, status, attempts, responseStatus, responseBody, error, attemptedAt, nextAttemptAt } = delivery;
  return (
    <tr>
      <th scope="row">{nameOf(delivery, t)}</th>
      <td data-label={t('webhooks.state')}>
        <span>
          <span className={TONES[status]}>{t(`deliveryStatus.${status}`)}</span>
          <span className="rate-more">
            {t('webhooks.attempts')}: {count(attempts)}
          </span>
        </span>
      </td>
      <td data-label={t('webhooks.answer')}>
        <span>
          {responseStatus ?? t('webhooks.noAnswer')}
          {responseBody === '' ? null : <code className="rate-more">{responseBody}</code>}
          {error === null ? null : <span className="rate-more">{error}</span>}
        </span>
      </td>
      <td data-label={t('webhooks.at')}>
        <span>
          {dateTime(attemptedAt)}
          {nextAttemptAt === null ? null : <span className="rate-more">{t('webhooks.next', { time: dateTime(nextAttemptAt) })}</span>}
        </span>
      </td>
      <td>
        <LineActions delivery={delivery} name={nameOf({ kind, seq }, t)} onAttempt={onAttempt} />
      </td>
    </tr>
  );
}

function nameOf({ kind, seq }: Pick<DeliveryFieldsFragment, 'kind' | 'seq'>, t: TFunction): string {
  return t(`messageKind.${kind}`, { seq: seq ?? '' });
}

interface LineActionsProps {
  readonly delivery: DeliveryFieldsFragment;
  readonly name: string;
  readonly onAttempt: TableProps['onAttempt'];
}

function LineActions({ delivery, name, onAttempt }: LineActionsProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { deliveryId, status } = delivery;
  const replay = useAction((idempotencyKey: string) => client.request(ReplayDeliveryDocument, { input: { deliveryId, idempotencyKey } }));
  const skip = useAction(() => client.request(SkipDeliveryDocument, { input: { deliveryId } }));
  const error = replay.error ?? skip.error;

  async function again(): Promise<void> {
    const done = await replay.run();
    if (done !== null) onAttempt(done.replayDelivery.delivery);
  }

  async function pass(): Promise<void> {
    if ((await skip.run()) !== null) onAttempt(null);
  }

  return (
    <div className="line-actions">
      <Button size="small" busy={replay.busy} aria-label={t('webhooks.replayLabel', { message: name })} onClick={() => { void again(); }}>
        {t('webhooks.replay')}
      </Button>
      {status === 'PENDING' ? (
        <Button size="small" busy={skip.busy} aria-label={t('webhooks.skipLabel', { message: name })} onClick={() => { void pass(); }}>
          {t('webhooks.skip')}
        </Button>
      ) : null}
      {error === null ? null : <ErrorNote error={error} />}
    </div>
  );
}
