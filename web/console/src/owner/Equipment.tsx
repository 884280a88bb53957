import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../app/permissions.js';
import { useShop } from '../app/shop.js';
import { useQuery } from '../app/useQuery.js';
import { EquipmentDocument } from '../generated.js';
import { Answer } from '../ui/States.js';
import { Cabins } from './Cabins.js';
import { Phones } from './Phones.js';

/** The cabins and phones of a shop. The owner manages cabins; phones are the reseller's. */
export function Equipment(): ReactElement {
  const { t } = useTranslation();
  const shop = useShop();
  const manages = useMay('MANAGE_PHONES');
  const query = useQuery(EquipmentDocument, { shopId: shop.id });
  return (
    <section className="screen" aria-labelledby="equipment-title">
      <h1 id="equipment-title">{t('nav.equipment')}</h1>
      <Answer query={query}>
        {({ cabins, phones }) => (
          <div className="columns">
            <Cabins cabins={cabins.nodes} phones={phones.nodes} onChange={query.reload} />
            <Phones cabins={cabins.nodes} phones={phones.nodes} manages={manages} onChange={query.reload} />
          </div>
        )}
      </Answer>
    </section>
  );
}
