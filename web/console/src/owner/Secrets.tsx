import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Note } from '../ui/States.js';

export interface Secret {
  readonly label: string;
  readonly user: string;
  readonly realm: string;
  readonly secret: string;
}

/** SIP passwords, which cannot be shown again after this dialog is closed. */
export function Secrets({ secrets, onClose }: { readonly secrets: readonly Secret[]; readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  return (
    <Dialog
      title={t('secrets.title')}
      onClose={onClose}
      footer={
        <>
          <Button
            icon="print"
            onClick={() => {
              window.print();
            }}
          >
            {t('receipt.print')}
          </Button>
          <Button tone="primary" icon="check" onClick={onClose}>
            {t('secrets.written')}
          </Button>
        </>
      }
    >
      <Note>{t('secrets.once')}</Note>
      <table className="table table-cards">
        <thead>
          <tr>
            <th scope="col">{t('equipment.phone')}</th>
            <th scope="col">{t('secrets.user')}</th>
            <th scope="col">{t('secrets.password')}</th>
            <th scope="col">{t('secrets.realm')}</th>
          </tr>
        </thead>
        <tbody>
          {secrets.map((phone) => (
            <tr key={phone.user}>
              <th scope="row">{phone.label}</th>
              <td data-label={t('secrets.user')}>
                <code>{phone.user}</code>
              </td>
              <td data-label={t('secrets.password')}>
                <code className="secret">{phone.secret}</code>
              </td>
              <td data-label={t('secrets.realm')}>
                <code>{phone.realm}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
