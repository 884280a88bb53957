import { imports } from './imports.js';
import { webhooks } from './webhooks.js';

/** The texts that only later screens need. */
export const later = { ...imports, ...webhooks };
