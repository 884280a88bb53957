import type { Language } from '../app/settings.js';

/** The name of each language in that language, so that users recognize their own. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  'pt-BR': 'Português (Brasil)',
  en: 'English',
  es: 'Español',
};
