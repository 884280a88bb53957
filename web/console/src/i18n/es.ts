import { counter } from './es/counter.js';
import { office } from './es/office.js';
import { tariffs } from './es/tariffs.js';
import type { Messages } from './pt-BR.js';

export const es: Messages = { ...counter, ...office, ...tariffs };
