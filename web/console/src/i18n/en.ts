import { errors } from './en/errors.js';
import { first } from './en/first.js';
import type { Messages } from './pt-BR.js';

export const en: Messages = { ...first, ...errors };
