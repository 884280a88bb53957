import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Method } from '../lib/settle.js';
import { Field } from './Field.js';

export interface ReferenceFieldProps {
  readonly method: Method;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** The payment's number in the bank's or the terminal's system. Cash has none. */
export function ReferenceField({ method, value, onChange }: ReferenceFieldProps): ReactElement | null {
  const { t } = useTranslation();
  if (method === 'CASH') return null;
  return (
    <Field
      label={t('pay.reference')}
      hint={t('form.optional')}
      value={value}
      maxLength={64}
      autoComplete="off"
      spellCheck={false}
      onChange={onChange}
    />
  );
}
