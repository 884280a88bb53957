import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useShop } from '../app/shop.js';
import { useAction } from '../app/useAction.js';
import { OpenRegisterDocument } from '../generated.js';
import { decimalOf, parseAmount } from '../lib/money.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { MoneyField } from '../ui/Field.js';
import { ErrorNote } from '../ui/States.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import { submitting } from '../ui/submitting.js';

export function OpenRegister({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const shop = useShop();
  const [float, setFloat] = useState('');
  const [wrong, setWrong] = useState(false);
  const place = useFirstFocus<HTMLFormElement>('input');
  const open = useAction((idempotencyKey: string, micros: bigint) =>
    client.request(OpenRegisterDocument, { input: { callshopId: shop.id, float: decimalOf(micros), idempotencyKey } }),
  );

  async function submit(): Promise<void> {
    const micros = parseAmount(float);
    setWrong(micros === null || micros < 0n);
    if (micros === null || micros < 0n || (await open.run(micros)) === null) return;
    onClose();
  }

  return (
    <Dialog title={t('register.open')} size="small" onClose={onClose}>
      <form ref={place} className="form" onSubmit={submitting(submit)}>
        {open.error === null ? null : <ErrorNote error={open.error} />}
        <MoneyField
          label={t('register.float')}
          hint={t('register.floatHint')}
          currency={shop.callshop?.currency ?? ''}
          value={float}
          onChange={setFloat}
          required
          problem={wrong ? t('form.amount') : null}
        />
        <Button tone="open" icon="register" size="large" wide submit busy={open.busy}>
          {t('register.openSubmit')}
        </Button>
      </form>
    </Dialog>
  );
}
