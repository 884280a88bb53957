import { counter } from './pt-BR/counter.js';
import { office } from './pt-BR/office.js';
import { tariffs } from './pt-BR/tariffs.js';

export const ptBR = { ...counter, ...office, ...tariffs };

/** Every language has the same keys; TypeScript checks it. */
export type Messages = typeof ptBR;
