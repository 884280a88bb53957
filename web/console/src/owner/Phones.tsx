import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useShop } from '../app/shop.js';
import { useAction } from '../app/useAction.js';
import { useQuery } from '../app/useQuery.js';
import {
  AssignPhoneDocument,
  BlockPhoneDocument,
  CreatePhonesDocument,
  FindPhonesDocument,
  RotateSecretDocument,
  UnblockPhoneDocument,
  type PhoneRowFragment,
} from '../generated.js';
import { Button } from '../ui/Button.js';
import { Confirm } from '../ui/Confirm.js';
import { Field, SelectField } from '../ui/Field.js';
import { Search } from '../ui/Search.js';
import { Empty, ErrorNote, Loading } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import type { EquipmentProps } from './Cabins.js';
import { Secrets, type Secret } from './Secrets.js';

export interface PhonesProps extends EquipmentProps {
  readonly manages: boolean;
}

export function Phones({ cabins, phones: all, manages, onChange }: PhonesProps): ReactElement {
  const { t } = useTranslation();
  const shop = useShop();
  const [search, setSearch] = useState('');
  const found = useQuery(FindPhonesDocument, search === '' ? null : { shopId: shop.id, search });
  const phones = search === '' ? all : (found.data?.phones.nodes ?? []);
  const [secrets, setSecrets] = useState<readonly Secret[]>([]);

  function changed(): void {
    onChange();
    found.reload();
  }

  return (
    <div className="card">
      <h2>{t('equipment.phones')}</h2>
      <Search label={t('equipment.search')} onSearch={setSearch} />
      {found.error === null ? null : <ErrorNote error={found.error} onRetry={found.reload} />}
      {found.loading ? <Loading /> : null}
      {phones.length === 0 && !found.loading ? (
        <Empty icon="phone">{search === '' ? t('equipment.noPhones') : t('equipment.notFound')}</Empty>
      ) : null}
      <ul className="lines">
        {phones.map((phone) => (
          <PhoneLine key={phone.id} phone={phone} cabins={cabins} manages={manages} onChange={changed} onSecrets={setSecrets} />
        ))}
      </ul>
      {manages ? (
        <>
          <h3>{t('equipment.addPhones')}</h3>
          <AddPhones onChange={changed} onSecrets={setSecrets} />
        </>
      ) : (
        <p className="quiet">{t('equipment.phonesByReseller')}</p>
      )}
      {secrets.length === 0 ? null : (
        <Secrets
          secrets={secrets}
          onClose={() => {
            setSecrets([]);
          }}
        />
      )}
    </div>
  );
}

interface PhoneLineProps {
  readonly phone: PhoneRowFragment;
  readonly cabins: EquipmentProps['cabins'];
  readonly manages: boolean;
  readonly onChange: () => void;
  readonly onSecrets: (secrets: readonly Secret[]) => void;
}

function PhoneLine({ phone, cabins, manages, onChange, onSecrets }: PhoneLineProps): ReactElement {
  const { t } = useTranslation();
  return (
    <li className="line line-wrap">
      <span className={`lamp lamp-${phone.online ? 'online' : 'offline'}`}>
        <span className="lamp-dot" aria-hidden="true">
          {phone.online ? '' : '×'}
        </span>
      </span>
      <span className="line-main">
        <span>
          {phone.label} <code>{phone.sipUser}</code>
        </span>
        <span className="tile-detail">
          {[
            t(phone.online ? 'lamp.online' : 'lamp.offline'),
            phone.cabin === null ? t('equipment.noCabin') : t('board.cabinNumber', { number: phone.cabin.number }),
            phone.blockedAt === null ? '' : t('equipment.blocked'),
            phone.userAgent ?? '',
          ]
            .filter((part) => part !== '')
            .join(' · ')}
        </span>
      </span>
      {manages ? <PhoneActions phone={phone} cabins={cabins} onChange={onChange} onSecrets={onSecrets} /> : null}
    </li>
  );
}

function PhoneActions({ phone, cabins, onChange, onSecrets }: Omit<PhoneLineProps, 'manages'>): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [asks, setAsks] = useState(false);
  const input = { phoneId: phone.id };
  const block = useAction(async () => {
    if (phone.blockedAt === null) await client.request(BlockPhoneDocument, { input });
    else await client.request(UnblockPhoneDocument, { input });
  });
  const rotate = useAction(() => client.request(RotateSecretDocument, { input }));
  const assign = useAction((_key: string, cabinId: string | null) => client.request(AssignPhoneDocument, { input: { ...input, cabinId } }));
  const error = block.error ?? rotate.error ?? assign.error;
  const free = cabins.filter((cabin) => cabin.phone === null || cabin.id === phone.cabin?.id);

  async function newSecret(): Promise<void> {
    const secret = (await rotate.run())?.rotatePhoneSecret.secret ?? null;
    if (secret === null) return;
    onSecrets([{ label: phone.label, user: phone.sipUser, realm: phone.realm, secret }]);
    onChange();
  }

  async function then(done: Promise<unknown>): Promise<void> {
    if ((await done) !== null) onChange();
  }

  return (
    <div className="line-actions">
      <SelectField
        label={t('equipment.assign')}
        value={phone.cabin?.id ?? ''}
        choices={[
          { value: '', label: t('equipment.noCabin') },
          ...free.map((cabin) => ({ value: cabin.id, label: t('board.cabinNumber', { number: cabin.number }) })),
        ]}
        onChange={(cabinId) => { void then(assign.run(cabinId === '' ? null : cabinId)); }}
      />
      <Button size="small" busy={block.busy} onClick={() => { void then(block.run()); }}>
        {phone.blockedAt === null ? t('equipment.block') : t('equipment.unblock')}
      </Button>
      <Button
        size="small"
        onClick={() => {
          setAsks(true);
        }}
      >
        {t('equipment.rotate')}
      </Button>
      {error === null ? null : <ErrorNote error={error} />}
      {asks ? (
        <Confirm
          title={t('equipment.rotateTitle', { phone: phone.label })}
          text={t('equipment.rotateText')}
          action={t('equipment.rotate')}
          onAnswer={(yes) => {
            setAsks(false);
            if (yes) void newSecret();
          }}
        />
      ) : null}
    </div>
  );
}

interface AddPhonesProps {
  readonly onChange: () => void;
  readonly onSecrets: (secrets: readonly Secret[]) => void;
}

function AddPhones({ onChange, onSecrets }: AddPhonesProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const shop = useShop();
  const [count, setCount] = useState('1');
  const [label, setLabel] = useState(() => t('equipment.phoneLabel'));
  const create = useAction(() =>
    client.request(CreatePhonesDocument, { input: { callshopId: shop.id, count: Number(count), label: label.trim() } }),
  );

  async function submit(): Promise<void> {
    const created = (await create.run())?.createPhones.phones ?? null;
    if (created === null) return;
    onSecrets(
      created.flatMap(({ phone, secret }) =>
        secret === null ? [] : [{ label: phone.label, user: phone.sipUser, realm: phone.realm, secret }],
      ),
    );
    setCount('1');
    onChange();
  }

  return (
    <form className="row-form" onSubmit={submitting(submit)}>
      {create.error === null ? null : <ErrorNote error={create.error} />}
      <Field label={t('equipment.count')} type="number" min={1} max={100} required value={count} onChange={setCount} />
      <Field label={t('equipment.label')} required maxLength={60} value={label} onChange={setLabel} autoComplete="off" />
      <Button icon="add" submit busy={create.busy}>
        {t('equipment.addPhones')}
      </Button>
    </form>
  );
}
