import { useState, type ReactElement } from 'react';
import type { Money } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useMay } from '../app/permissions.js';
import { useShopOrNull } from '../app/shop.js';
import { useQuery } from '../app/useQuery.js';
import { VisitDocument, type VisitFieldsFragment } from '../generated.js';
import { Discounts, Items } from '../cabin/Extras.js';
import { Dialog } from '../ui/Dialog.js';
import { Answer, Loading, Note } from '../ui/States.js';
import { PrintBill } from './PrintBill.js';
import { Receipt, type Original } from './Receipt.js';
import { Refund } from './Refund.js';
import { Settle } from './Settle.js';
import { Payments, StatementView } from './Statement.js';
import './bill.css';

export interface Settled {
  readonly change: Money | null;
  readonly original: Original | null;
}

/** One visit's bill, from the closed cabin to the printed receipt. */
export function Bill({ sessionId, onClose }: { readonly sessionId: string; readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const shop = useShopOrNull();
  // The bill is requested again when its entry in the list of unpaid bills changes. The entry appears when the last call has ended.
  const listed = shop?.live?.unpaid.find((session) => session.id === sessionId);
  const query = useQuery(VisitDocument, { id: sessionId }, `${listed?.amountDue?.amount ?? ''} ${listed?.refundDue?.amount ?? ''}`);
  const visit = query.data?.session ?? null;
  const number = visit?.receiptNumber ?? null;
  const cabin = visit?.cabin.number ?? '';
  return (
    <Dialog
      title={number === null ? t('bill.title', { cabin }) : t('bill.receiptTitle', { number })}
      size="wide"
      onClose={onClose}
    >
      <Answer query={query}>
        {({ session }) =>
          session === null ? <Note>{t('bill.gone')}</Note> : <Stage visit={session} reload={query.reload} onClose={onClose} />
        }
      </Answer>
    </Dialog>
  );
}

interface StageProps {
  readonly visit: VisitFieldsFragment;
  readonly reload: () => void;
  readonly onClose: () => void;
}

function Stage({ visit, reload, onClose }: StageProps): ReactElement {
  const { t } = useTranslation();
  const mayOperate = useMay('OPERATE_CABINS');
  const [settled, setSettled] = useState<Settled | null>(null);

  return (
    <div className="bill">
      <div className="bill-paper">
        {visit.state === 'CLOSING' ? <ClosingNote /> : null}
        {visit.state === 'VOIDED' ? <Note icon="back">{t('bill.voided')}</Note> : null}
        <StatementView visit={visit} />
        {visit.payments.length === 0 ? null : <Payments visit={visit} />}
      </div>
      <div className="bill-side">
        {visit.state === 'CLOSED' && mayOperate ? (
          <>
            <Settle
              visit={visit}
              onSettled={(result) => {
                setSettled(result);
                reload();
              }}
            />
            <PrintBill visit={visit} />
            <details className="extras">
              <summary>{t('bill.adjust')}</summary>
              <Items visit={visit} editable onChange={reload} />
              <Discounts visit={visit} editable onChange={reload} />
            </details>
          </>
        ) : null}
        {visit.state === 'SETTLED' ? (
          <>
            <Receipt visit={visit} settled={settled} onDone={onClose} />
            {mayOperate ? <Refund visit={visit} onRefunded={reload} /> : null}
          </>
        ) : null}
      </div>
    </div>
  );
}

function ClosingNote(): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="closing">
      <Note icon="clock">{t('bill.closing')}</Note>
      <Loading />
    </div>
  );
}
