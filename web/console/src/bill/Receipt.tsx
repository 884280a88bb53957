import { useEffect, useRef, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useSettings } from '../app/settings.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { ReceiptPageDocument, type VisitFieldsFragment } from '../generated.js';
import { Button } from '../ui/Button.js';
import { Answer } from '../ui/States.js';
import type { Settled } from './Bill.js';
import { showPage } from './page.js';

/** The receipt as it came with the payment. Every later one is marked as a copy. */
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
        <Answer query={copy}>{({ receipt }) => <Paper html={receipt?.text ?? ''} onDone={onDone} />}</Answer>
      ) : (
        <Paper html={original.html} onDone={onDone} />
      )}
    </section>
  );
}

function Paper({ html, onDone }: { readonly html: string; readonly onDone: () => void }): ReactElement {
  const { t } = useTranslation();
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    if (frame.current !== null) frame.current.height = showPage(frame.current, html).toString();
  }, [html]);
  return (
    <>
      <div className="receipt-actions">
        <Button
          tone="primary"
          icon="print"
          onClick={() => {
            frame.current?.contentWindow?.print();
          }}
        >
          {t('receipt.print')}
        </Button>
        <Button icon="check" onClick={onDone}>
          {t('receipt.done')}
        </Button>
      </div>
      <iframe
        ref={frame}
        className="receipt-paper"
        title={t('receipt.preview')}
        sandbox="allow-same-origin allow-modals"
      />
    </>
  );
}
