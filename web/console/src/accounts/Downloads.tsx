import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useSettings } from '../app/settings.js';
import { useAction } from '../app/useAction.js';
import { Button } from '../ui/Button.js';
import { ErrorNote } from '../ui/States.js';
import { CreateExportLinkDocument, type ExportFormat } from './generated.js';
import type { Period } from './period.js';

export interface DownloadsProps {
  readonly accountId: string;
  readonly period: Period;
}

/** Buttons that print the statement, and that download it as a document or as a table. */
export function Downloads({ accountId, period }: DownloadsProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { language } = useSettings();
  const link = useAction((_key: string, format: ExportFormat) =>
    client.request(CreateExportLinkDocument, { input: { subject: 'STATEMENT', accountId, ...period, format, locale: language } }),
  );

  async function download(format: ExportFormat): Promise<void> {
    const url = (await link.run(format))?.createExportLink.url ?? null;
    if (url !== null) save(url);
  }

  return (
    <div className="downloads">
      {link.error === null ? null : <ErrorNote error={link.error} />}
      <Button
        icon="print"
        onClick={() => {
          window.print();
        }}
      >
        {t('receipt.print')}
      </Button>
      <Button icon="download" busy={link.busy} onClick={() => { void download('PDF'); }}>
        {t('statement.pdf')}
      </Button>
      <Button icon="download" busy={link.busy} onClick={() => { void download('CSV'); }}>
        {t('statement.csv')}
      </Button>
    </div>
  );
}

/** Lets the browser download the file at a signed address, which works without a token. The server names the file. */
function save(url: string): void {
  const anchor = document.createElement('a');
  anchor.href = url;
  // with this attribute, the browser stays on the page even if the server refuses the download
  anchor.download = '';
  anchor.click();
}
