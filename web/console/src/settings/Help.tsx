import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../ui/Dialog.js';

export function Help({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const keys = [
    ['0–9', t('help.digit')],
    ['O', t('help.open')],
    ['F', t('help.close')],
    ['P', t('help.pay')],
    ['/', t('help.search')],
    ['Esc', t('help.escape')],
    ['?', t('help.help')],
  ] as const;
  return (
    <Dialog title={t('help.title')} size="small" onClose={onClose}>
      <p>{t('help.text')}</p>
      <dl className="keys">
        {keys.map(([key, what]) => (
          <div key={key} className="key-row">
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
