import { useEffect, useRef, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/Button.js';
import { showPage } from './page.js';

export interface PaperProps {
  readonly html: string;
  /** Description of the paper for screen readers. */
  readonly title: string;
  readonly onDone?: () => void;
}

/** A page from the server as it will be printed, with a button that prints it. */
export function Paper({ html, title, onDone }: PaperProps): ReactElement {
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
        {onDone === undefined ? null : (
          <Button icon="check" onClick={onDone}>
            {t('receipt.done')}
          </Button>
        )}
      </div>
      <iframe
        ref={frame}
        className="receipt-paper"
        title={title}
        sandbox="allow-same-origin allow-modals"
      />
    </>
  );
}
