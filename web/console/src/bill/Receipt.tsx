import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useSettings } from '../app/settings.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { ReceiptPageDocument, type VisitFieldsFragment } from '../generated.js';
import { Answer } from '../ui/States.js';
import type { Settled } from './Bill.js';
import { Paper } from './Paper.js';

/** The original receipt from the settlement. Receipts that are requested later are marked as copies. */
export interface Original {
  readonly html: string;
}

export interface ReceiptProps {
  readonly visit: VisitFieldsFragment;
  readonly settled: Settled | null;
  readonly onDone: () => void;
}

export function Receipt({ visit, settled, onDone }: ReceiptProps): ReactElement {
  const { t } = useTranslation();
  const { cash } = useFormat();
  const { language } = useSettings();
  const original = settled?.original ?? null;
  const copy = useQuery(ReceiptPageDocument, original === null ? { sessionId: visit.id, locale: language } : null);
  return (
    <section className="receipt" aria-labelledby="receipt-title">
      {settled?.change === null || settled === null ? null : (
        <p className="outcome outcome-good" role="status">
          <span>{t('pay.change')}</span>
          <strong data-testid="change-given">{cash(settled.change)}</strong>
        </p>
      )}
      <h3 id="receipt-title">{t('receipt.title', { number: visit.receiptNumber ?? '' })}</h3>
      {original === null ? (
        <Answer query={copy}>{({ receipt }) => <Paper html={receipt?.text ?? ''} title={t('receipt.preview')} onDone={onDone} />}</Answer>
      ) : (
        <Paper html={original.html} title={t('receipt.preview')} onDone={onDone} />
      )}
    </section>
  );
}
