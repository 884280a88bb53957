import { errors } from './pt-BR/errors.js';
import { first } from './pt-BR/first.js';

export const ptBR = { ...first, ...errors };

/** Every language has the same keys; TypeScript checks this. */
export type Messages = typeof ptBR;
