import { useTranslation } from 'react-i18next';
import { METHODS, type Method } from '../lib/settle.js';
import type { Choice } from './Field.js';

/** The payment methods, with their names in the reader's language. */
export function useMethods(): readonly Choice<Method>[] {
  const { t } = useTranslation();
  return METHODS.map((value) => ({ value, label: t(`method.${value}`) }));
}
