import type { Language } from '../app/settings.js';
import { later as en } from './en/later.js';
import { later as es } from './es/later.js';
import { later as ptBR } from './pt-BR/later.js';

/** The texts that only later screens need, in one file: a file for each language would be so small that the build would add it to the first view. */
export const LATER: Readonly<Record<Language, typeof ptBR>> = { 'pt-BR': ptBR, en, es };
