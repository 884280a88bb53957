import type { CallshopError } from '@callshop/client';
import type { TFunction } from 'i18next';
import { ptBR } from './pt-BR.js';

type Known = keyof typeof ptBR.error;

function isKnown(code: string): code is Known {
  return Object.hasOwn(ptBR.error, code);
}

export function errorCodeText(code: string, t: TFunction): string {
  return isKnown(code) ? t(`error.${code}`) : t('error.UNKNOWN', { code });
}

/**
 * The text for a failed query. Unlike the text for a failed change, this text does not warn that a change may have been recorded. A query has no
 * `userErrors`, so only the message of the error names a wrong value.
 */
export function queryErrorText(error: CallshopError, t: TFunction): string {
  if (error.rawCode === 'INVALID_INPUT' && error.message !== '') return error.message;
  return error.code === 'NETWORK' || error.code === 'TIMEOUT' ? t('error.query') : errorText(error, t);
}

/** Codes of errors for which only the server's message names the wrong value. */
const NAMING: ReadonlySet<string> = new Set(['INVALID_INPUT', 'ALREADY_EXISTS', 'WEAK_PASSWORD']);

/**
 * A short text for an error, in the reader's language. The server's own messages are whole sentences with a remedy, in the language that the client
 * requests.
 */
export function errorText(error: CallshopError, t: TFunction): string {
  if (error.code === 'TRY_LATER' && error.retryAfterSeconds !== null) {
    return t('error.tryIn', { count: Math.ceil(error.retryAfterSeconds) });
  }
  const told = NAMING.has(error.rawCode) ? (error.userErrors[0]?.message ?? '') : '';
  return told === '' ? errorCodeText(error.rawCode, t) : told;
}
