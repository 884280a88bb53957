import type { ReactElement } from 'react';
import type { CabinView } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useDialogs } from '../app/dialogs.js';
import { useMay } from '../app/permissions.js';
import { useCabin } from '../app/shop.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { Cost, Elapsed, EndingSoon, LimitBar, RunningTotal } from '../board/LiveFigures.js';
import { AttemptsDocument, HangUpDocument, VisitDocument, type VisitFieldsFragment } from '../generated.js';
import { clock } from '../lib/format.js';
import { tileState } from '../lib/cabin.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Flag } from '../ui/Flag.js';
import { Answer, Empty, ErrorNote, Note } from '../ui/States.js';
import { Deposit } from './Deposit.js';
import { Discounts, Items } from './Extras.js';
import { Limits } from './Limits.js';
import { Move } from './Move.js';
import { Screens } from './Screens.js';
import './cabin.css';

export function CabinDrawer({ cabinId, onClose }: { readonly cabinId: string; readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const { show } = useDialogs();
  const view = useCabin(cabinId);
  const mayOperate = useMay('OPERATE_CABINS');
  const session = view?.session ?? null;
  const footer =
    view === null || !mayOperate || view.cabin.state === 'OUT_OF_SERVICE' ? undefined : (
      <>
        {session === null ? null : <RunningTotal session={session} call={view.liveCall} />}
        <Button
          tone={session === null ? 'open' : 'close'}
          icon={session === null ? 'open' : 'closed'}
          onClick={() => {
            show({ kind: session === null ? 'open-cabin' : 'close-cabin', cabinId });
          }}
        >
          {session === null ? t('openCabin.submit') : t('closeCabin.submit')}
        </Button>
      </>
    );
  return (
    <Dialog title={t('board.cabinNumber', { number: view?.cabin.number ?? '' })} size="drawer" onClose={onClose} footer={footer}>
      {view === null ? <Note>{t('cabin.gone')}</Note> : <Contents view={view} mayOperate={mayOperate} />}
    </Dialog>
  );
}

function Contents({ view, mayOperate }: { readonly view: CabinView; readonly mayOperate: boolean }): ReactElement {
  const { t } = useTranslation();
  const { cabin, session, liveCall } = view;
  return (
    <div className="drawer">
      <p className="drawer-line">
        <strong>{t(`state.${tileState(view)}`)}</strong>
        {cabin.label === t('board.cabinNumber', { number: cabin.number }) ? null : <span>{cabin.label}</span>}
        <span>
          {cabin.phone === null ? t('lamp.none') : `${cabin.phone.label}: ${t(cabin.phoneOnline === true ? 'lamp.online' : 'lamp.offline')}`}
        </span>
      </p>
      {liveCall === null ? null : <Live call={liveCall} session={session} />}
      {session === null ? (
        <Empty icon="closed">{t('cabin.noCustomer')}</Empty>
      ) : (
        <Visit sessionId={session.id} view={view} mayOperate={mayOperate} />
      )}
      {mayOperate ? <Screens cabinId={cabin.id} /> : null}
    </div>
  );
}

function Live({ call, session }: { readonly call: NonNullable<CabinView['liveCall']>; readonly session: CabinView['session'] }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { destination, exact } = useFormat();
  const hangUp = useAction(() => client.request(HangUpDocument, { input: { callId: call.id } }));
  const mayHangUp = useMay('HANG_UP');
  const place = destination(call.destination, call.countryCode);
  return (
    <section className="live" aria-label={t('cabin.liveCall')}>
      <div className="live-to">
        <Flag country={place.country} />
        <span className="live-place">{call.emergency ? t('board.emergency') : place.name}</span>
        <span className="tile-detail">{place.detail}</span>
        <span className="called">{call.numberFormatted === '' ? call.dialed : call.numberFormatted}</span>
      </div>
      <p className="tile-figures">
        <Elapsed call={call} />
        <Cost call={call} />
      </p>
      <EndingSoon session={session} call={call} />
      <div className="live-foot">
        {call.pricePerMinute === null ? null : <span>{t('cabin.perMinute', { price: exact(call.pricePerMinute) })}</span>}
        {mayHangUp ? (
          <Button size="small" icon="close" busy={hangUp.busy} onClick={() => { void hangUp.run(); }}>
            {t('cabin.hangUp')}
          </Button>
        ) : null}
      </div>
      {hangUp.error === null ? null : <ErrorNote error={hangUp.error} />}
    </section>
  );
}

interface VisitProps {
  readonly sessionId: string;
  readonly view: CabinView;
  readonly mayOperate: boolean;
}

function Visit({ sessionId, view, mayOperate }: VisitProps): ReactElement {
  // the query is repeated whenever the bill's amounts on the live board change
  const known = view.session;
  const salt = [known?.runningTotal, known?.remaining, known?.deposit, known?.spendingLimit].map((money) => money?.amount).join(' ');
  const query = useQuery(VisitDocument, { id: sessionId }, salt);
  const { session, liveCall } = view;
  return (
    <>
      {session === null ? null : <LimitBar session={session} call={liveCall} />}
      <Answer query={query}>
        {({ session: visit }) =>
          visit === null ? null : <VisitParts visit={visit} view={view} mayOperate={mayOperate} reload={query.reload} />
        }
      </Answer>
    </>
  );
}

interface PartsProps {
  readonly visit: VisitFieldsFragment;
  readonly view: CabinView;
  readonly mayOperate: boolean;
  readonly reload: () => void;
}

function VisitParts({ visit, view, mayOperate, reload }: PartsProps): ReactElement {
  const open = mayOperate && visit.state === 'OPEN';
  return (
    <>
      <CallsSoFar visit={visit} liveCallId={view.liveCall?.id ?? ''} />
      <Items visit={visit} editable={mayOperate} onChange={reload} />
      <Discounts visit={visit} editable={mayOperate} onChange={reload} />
      {visit.mode === 'PREPAID' ? <Deposit visit={visit} editable={open} onChange={reload} /> : null}
      <Limits visit={visit} editable={open} onChange={reload} />
      {open ? <Move visit={visit} inCall={view.liveCall !== null} /> : null}
    </>
  );
}

function CallsSoFar({ visit, liveCallId }: { readonly visit: VisitFieldsFragment; readonly liveCallId: string }): ReactElement {
  const { t } = useTranslation();
  const { cash, destination, time } = useFormat();
  // unanswered attempts are not on the bill, but customers ask about them
  const attempts = useQuery(AttemptsDocument, { id: visit.id }, `${visit.statement.callsTotal.amount} ${liveCallId}`);
  const calls = attempts.data?.session?.calls.nodes ?? [];
  return (
    <section className="part" aria-labelledby="calls-so-far">
      <h3 id="calls-so-far">{t('cabin.callsSoFar')}</h3>
      {attempts.error === null ? null : <ErrorNote error={attempts.error} onRetry={attempts.reload} />}
      {calls.length === 0 ? <p className="quiet">{t('cabin.noCalls')}</p> : null}
      <ul className="lines">
        {calls.map((call) => {
          const place = destination(call.destination, call.countryCode);
          const answered = call.answeredAt !== null;
          return (
            <li key={call.id} className={answered ? 'line' : 'line line-quiet'}>
              <Flag country={place.country} />
              <span className="line-main">
                <span>{place.name === '' ? call.dialed : place.name}</span>
                <span className="called">{call.numberFormatted}</span>
              </span>
              <span className="line-time">{answered ? clock(call.elapsedSeconds) : t(`callState.${call.state}`)}</span>
              <span className="line-money">{answered ? cash(call.cost) : time(call.authorizedAt)}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
