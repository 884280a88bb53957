import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useShop } from '../app/shop.js';
import { useAction } from '../app/useAction.js';
import { CreateCabinDocument, RetireCabinDocument, UpdateCabinDocument, type CabinRowFragment, type PhoneRowFragment } from '../generated.js';
import { Button, IconButton } from '../ui/Button.js';
import { Confirm } from '../ui/Confirm.js';
import { Field, SelectField } from '../ui/Field.js';
import { Empty, ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';

export interface EquipmentProps {
  readonly cabins: readonly CabinRowFragment[];
  readonly phones: readonly PhoneRowFragment[];
  readonly onChange: () => void;
}

export function Cabins({ cabins, phones, onChange }: EquipmentProps): ReactElement {
  const { t } = useTranslation();
  const sorted = [...cabins].sort((left, right) => left.number - right.number);
  return (
    <div className="card">
      <h2>{t('equipment.cabins')}</h2>
      {sorted.length === 0 ? <Empty icon="board">{t('board.noCabins')}</Empty> : null}
      <ul className="lines">
        {sorted.map((cabin) => (
          <CabinLine key={cabin.id} cabin={cabin} onChange={onChange} />
        ))}
      </ul>
      <h3>{t('equipment.addCabin')}</h3>
      <AddCabin cabins={cabins} phones={phones} onChange={onChange} />
    </div>
  );
}

function CabinLine({ cabin, onChange }: { readonly cabin: CabinRowFragment; readonly onChange: () => void }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [asks, setAsks] = useState(false);
  const update = useAction((_key: string, outOfService: boolean) =>
    client.request(UpdateCabinDocument, { input: { cabinId: cabin.id, outOfService } }),
  );
  const retire = useAction(() => client.request(RetireCabinDocument, { input: { cabinId: cabin.id } }));
  const out = cabin.state === 'OUT_OF_SERVICE';
  const error = update.error ?? retire.error;

  async function then(done: Promise<unknown>): Promise<void> {
    if ((await done) !== null) onChange();
  }

  return (
    <li className="line line-wrap">
      <strong className="line-number">{cabin.number}</strong>
      <span className="line-main">
        <span>{cabin.label}</span>
        <span className="tile-detail">
          {t(`cabinState.${cabin.state}`)} · {cabin.phone === null ? t('lamp.none') : cabin.phone.label}
        </span>
      </span>
      <span className="line-tools">
        <Button size="small" busy={update.busy} onClick={() => { void then(update.run(!out)); }}>
          {out ? t('equipment.inService') : t('equipment.outOfService')}
        </Button>
        <IconButton
          icon="trash"
          label={t('equipment.retireLabel', { cabin: cabin.number })}
          onClick={() => {
            setAsks(true);
          }}
        />
      </span>
      {error === null ? null : <ErrorNote error={error} />}
      {asks ? (
        <Confirm
          title={t('equipment.retireTitle', { cabin: cabin.number })}
          text={t('equipment.retireText')}
          action={t('equipment.retire')}
          onAnswer={(yes) => {
            setAsks(false);
            if (yes) void then(retire.run());
          }}
        />
      ) : null}
    </li>
  );
}

function AddCabin({ cabins, phones, onChange }: EquipmentProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const shop = useShop();
  const next = Math.max(0, ...cabins.map((cabin) => cabin.number)) + 1;
  const [number, setNumber] = useState<string | null>(null);
  const [label, setLabel] = useState('');
  const free = phones.filter((phone) => phone.cabin === null);
  const [phoneId, setPhoneId] = useState('');
  const create = useAction(() =>
    client.request(CreateCabinDocument, {
      input: {
        callshopId: shop.id,
        number: Number(number ?? next),
        ...(label.trim() === '' ? {} : { label: label.trim() }),
        ...(phoneId === '' ? {} : { phoneId }),
      },
    }),
  );

  async function submit(): Promise<void> {
    if ((await create.run()) === null) return;
    setNumber(null);
    setLabel('');
    setPhoneId('');
    onChange();
  }

  return (
    <form className="row-form row-form-below" onSubmit={submitting(submit)}>
      {create.error === null ? null : <ErrorNote error={create.error} />}
      <Field label={t('equipment.number')} type="number" min={1} max={9999} required value={number ?? next.toString()} onChange={setNumber} />
      <Field label={t('equipment.label')} hint={t('form.optional')} value={label} onChange={setLabel} maxLength={100} autoComplete="off" />
      <SelectField
        label={t('equipment.phone')}
        value={phoneId}
        choices={[{ value: '', label: t('lamp.none') }, ...free.map((phone) => ({ value: phone.id, label: phone.label }))]}
        onChange={setPhoneId}
      />
      <Button icon="add" submit busy={create.busy}>
        {t('equipment.addCabin')}
      </Button>
    </form>
  );
}
