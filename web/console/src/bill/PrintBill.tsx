import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useSettings } from '../app/settings.js';
import { useQuery } from '../app/useQuery.js';
import { BillPageDocument, type VisitFieldsFragment } from '../generated.js';
import { Button } from '../ui/Button.js';
import { Answer } from '../ui/States.js';
import { Paper } from './Paper.js';

/** The unpaid bill for printing, with a Pix code if the shop has a Pix key. */
export function PrintBill({ visit }: { readonly visit: VisitFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { language } = useSettings();
  const [shown, setShown] = useState(false);
  const variables = shown ? { sessionId: visit.id, locale: language } : null;
  const query = useQuery(BillPageDocument, variables, visit.statement.amountDue.amount);
  if (!shown) {
    return (
      <Button
        icon="print"
        onClick={() => {
          setShown(true);
        }}
      >
        {t('bill.print')}
      </Button>
    );
  }
  return <Answer query={query}>{({ printedBill }) => <Paper html={printedBill?.text ?? ''} title={t('bill.preview')} />}</Answer>;
}
