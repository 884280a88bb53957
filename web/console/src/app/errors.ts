import { CallshopError } from '@callshop/client';

/** Everything that the client throws is a CallshopError. Anything else is a fault of this page, and is reported as one, too. */
export function asError(cause: unknown): CallshopError {
  if (cause instanceof CallshopError) return cause;
  reportError(cause);
  return new CallshopError('UNKNOWN', String(cause), { cause });
}
