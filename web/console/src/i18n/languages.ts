import type { Language } from '../app/settings.js';

/** Each language in its own words, so that people find theirs. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  'pt-BR': 'Português (Brasil)',
  en: 'English',
  es: 'Español',
};
