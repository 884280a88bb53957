import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from '../app/useQuery.js';
import { ShiftDocument, type ShiftQuery } from '../generated.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Answer, Note } from '../ui/States.js';
import { ReportView } from './ReportView.js';

type Node = NonNullable<ShiftQuery['node']>;
type Shift = Extract<Node, { readonly number: string }>;

function isShift(node: ShiftQuery['node']): node is Shift {
  return node !== null && 'zReport' in node;
}

/** The Z report of a closed shift. */
export function ShiftDialog({ id, onClose }: { readonly id: string; readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const query = useQuery(ShiftDocument, { id });
  const node = query.data?.node ?? null;
  const shift = isShift(node) ? node : null;
  const report = shift?.zReport ?? null;
  const footer = (
    <Button
      icon="print"
      onClick={() => {
        window.print();
      }}
    >
      {t('receipt.print')}
    </Button>
  );
  return (
    <Dialog title={t('register.zReport', { number: shift?.number ?? '' })} onClose={onClose} footer={footer}>
      <Answer query={query}>
        {() => (report === null ? <Note>{t('register.noZ')}</Note> : <ReportView report={report} blind={false} />)}
      </Answer>
    </Dialog>
  );
}
