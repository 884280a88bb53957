import type { later as portuguese } from '../pt-BR/later.js';
import { accounts } from './accounts.js';
import { counter } from './counter.js';
import { imports } from './imports.js';
import { office } from './office.js';
import { tariffs } from './tariffs.js';
import { webhooks } from './webhooks.js';

/** The texts that only later screens and dialogs need. */
export const later: typeof portuguese = { ...counter, ...office, ...tariffs, ...imports, ...webhooks, ...accounts };
