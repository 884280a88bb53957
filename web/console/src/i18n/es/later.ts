import type { later as portuguese } from '../pt-BR/later.js';
import { accounts } from './accounts.js';
import { counter } from './counter.js';
import { imports } from './imports.js';
import { office } from './office.js';
import { tariffs } from './tariffs.js';
import { webhooks } from './webhooks.js';

/** The texts that are loaded later, because the first screen does not need them. */
export const later: typeof portuguese = { ...counter, ...office, ...tariffs, ...imports, ...webhooks, ...accounts };
