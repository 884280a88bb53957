import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useDialogs } from '../app/dialogs.js';
import { useShop } from '../app/shop.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { RegisterDocument, type RegisterQuery } from '../generated.js';
import { Button } from '../ui/Button.js';
import { Answer, Empty } from '../ui/States.js';
import { CloseRegister } from './CloseRegister.js';
import { Movements } from './Movements.js';
import { ReportView } from './ReportView.js';
import { ShiftDialog } from './ShiftDialog.js';
import './register.css';

export function Register(): ReactElement {
  const { t } = useTranslation();
  const { show } = useDialogs();
  const shop = useShop();
  const query = useQuery(RegisterDocument, { shopId: shop.id }, `${shop.live?.register?.id ?? ''} ${shop.drawerSeq}`);
  const [shiftId, setShiftId] = useState<string | null>(null);
  return (
    <section className="screen" aria-labelledby="register-title">
      <h1 id="register-title">{t('nav.register')}</h1>
      <Answer query={query}>
        {(data) => (
          <>
            {data.currentRegister === null ? (
              <div className="card register-closed">
                <Empty icon="register">{t('register.isClosed')}</Empty>
                <Button
                  tone="open"
                  icon="register"
                  size="large"
                  onClick={() => {
                    show({ kind: 'open-register' });
                  }}
                >
                  {t('board.openRegister')}
                </Button>
              </div>
            ) : (
              <OpenShift data={data} reload={query.reload} onClosed={setShiftId} />
            )}
            <Shifts data={data} onChoose={setShiftId} />
          </>
        )}
      </Answer>
      {shiftId === null ? null : (
        <ShiftDialog
          id={shiftId}
          onClose={() => {
            setShiftId(null);
          }}
        />
      )}
    </section>
  );
}

interface OpenShiftProps {
  readonly data: RegisterQuery;
  readonly reload: () => void;
  readonly onClosed: (shiftId: string) => void;
}

function OpenShift({ data, reload, onClosed }: OpenShiftProps): ReactElement {
  const { t } = useTranslation();
  const { time, exact } = useFormat();
  const shift = data.currentRegister;
  const report = data.xReport;
  return (
    <div className="columns">
      <div className="card">
        <h2>{t('register.shift', { number: shift?.number ?? '' })}</h2>
        {shift === null ? null : (
          <p>
            {t('register.openedBy', { name: shift.openedBy?.displayName ?? '–', time: time(shift.openedAt) })}
            {shift.float === null ? null : ` ${t('register.withFloat', { amount: exact(shift.float) })}`}
          </p>
        )}
        <Movements movements={shift?.movements.nodes ?? []} onChange={reload} />
      </div>
      <div className="card">
        <h2>{t('register.xReport')}</h2>
        {report === null ? null : <ReportView report={report} blind={report.salesTotal === null} />}
      </div>
      <div className="card">
        <h2>{t('register.close')}</h2>
        <CloseRegister openItems={report?.openItems ?? []} onClosed={onClosed} onChange={reload} />
      </div>
    </div>
  );
}

interface ShiftsProps {
  readonly data: RegisterQuery;
  readonly onChoose: (shiftId: string) => void;
}

function Shifts({ data, onChoose }: ShiftsProps): ReactElement | null {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  const closed = data.registerShifts.nodes.filter((shift) => shift.closedAt !== null);
  if (closed.length === 0) return null;
  return (
    <div className="card">
      <h2>{t('register.shifts')}</h2>
      <ul className="lines">
        {closed.map((shift) => (
          <li key={shift.id} className="line">
            <span className="line-main">
              <strong>{t('register.zNumber', { number: shift.number })}</strong>
              <span>
                {dateTime(shift.openedAt)} – {shift.closedAt === null ? '' : dateTime(shift.closedAt)}
              </span>
              <span className="tile-detail">{shift.closedBy?.displayName ?? '–'}</span>
            </span>
            <Button
              size="small"
              icon="receipt"
              onClick={() => {
                onChoose(shift.id);
              }}
            >
              {t('register.showZ')}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}
