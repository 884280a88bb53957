import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useDialogs } from '../app/dialogs.js';
import { useShop } from '../app/shop.js';
import { useAction } from '../app/useAction.js';
import { MoveSessionDocument, type VisitFieldsFragment } from '../generated.js';
import { Button } from '../ui/Button.js';
import { SelectField } from '../ui/Field.js';
import { ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';

/** Moves the customer with the bill to a free cabin. */
export function Move({ visit, inCall }: { readonly visit: VisitFieldsFragment; readonly inCall: boolean }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { show } = useDialogs();
  const { live } = useShop();
  const free = (live?.cabins ?? []).filter(
    ({ cabin, session }) => session === null && cabin.state === 'CLOSED' && cabin.phone !== null,
  );
  const [chosen, setChosen] = useState('');
  const move = useAction((_key: string, cabinId: string) =>
    client.request(MoveSessionDocument, { input: { sessionId: visit.id, cabinId } }),
  );
  const target = free.find(({ cabin }) => cabin.id === chosen) ?? free[0];

  async function submit(): Promise<void> {
    if (target === undefined || (await move.run(target.cabin.id)) === null) return;
    show({ kind: 'cabin', cabinId: target.cabin.id });
  }

  return (
    <section className="part" aria-labelledby="move">
      <h3 id="move">{t('move.title')}</h3>
      {move.error === null ? null : <ErrorNote error={move.error} />}
      {inCall ? <p className="quiet">{t('move.inCall')}</p> : null}
      {!inCall && target === undefined ? <p className="quiet">{t('move.noneFree')}</p> : null}
      {inCall || target === undefined ? null : (
        <form className="row-form" onSubmit={submitting(submit)}>
          <SelectField
            label={t('move.to')}
            value={target.cabin.id}
            choices={free.map(({ cabin }) => ({ value: cabin.id, label: t('board.cabinNumber', { number: cabin.number }) }))}
            onChange={setChosen}
          />
          <Button icon="transfer" submit busy={move.busy}>
            {t('move.submit')}
          </Button>
        </form>
      )}
    </section>
  );
}
