import { errors } from './es/errors.js';
import { first } from './es/first.js';
import type { Messages } from './pt-BR.js';

export const es: Messages = { ...first, ...errors };
