import type { later as portuguese } from '../pt-BR/later.js';
import { imports } from './imports.js';
import { webhooks } from './webhooks.js';

/** The texts that only later screens need. */
export const later: typeof portuguese = { ...imports, ...webhooks };
