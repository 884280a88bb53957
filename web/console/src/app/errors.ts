import { CallshopError } from '@callshop/client';

/**
 * Converts any error to a `CallshopError`. The client throws only this type. Any other error is a bug of this page, and is also reported to the
 * browser.
 */
export function asError(cause: unknown): CallshopError {
  if (cause instanceof CallshopError) return cause;
  reportError(cause);
  return new CallshopError('UNKNOWN', String(cause), { cause });
}
