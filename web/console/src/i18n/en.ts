import { counter } from './en/counter.js';
import { office } from './en/office.js';
import { tariffs } from './en/tariffs.js';
import type { Messages } from './pt-BR.js';

export const en: Messages = { ...counter, ...office, ...tariffs };
