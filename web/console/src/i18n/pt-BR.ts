import { counter } from './pt-BR/counter.js';
import { office } from './pt-BR/office.js';

export const ptBR = { ...counter, ...office };

/** Every language has the same keys; TypeScript checks it. */
export type Messages = typeof ptBR;
