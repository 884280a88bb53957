import i18next, { type i18n } from 'i18next';
import { initReactI18next } from 'react-i18next';
import { LANGUAGES, type Language } from '../app/settings.js';
import type { later } from './pt-BR/later.js';
import { ptBR, type Messages } from './pt-BR.js';

/** The texts that only later screens need. A component that needs these texts must be inside `LaterTexts`. */
export type LaterMessages = typeof later;

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: Messages & LaterMessages };
  }
}

/** The other languages are loaded when they are chosen. */
const LOADERS: Readonly<Record<Language, () => Promise<Messages>>> = {
  'pt-BR': () => Promise.resolve(ptBR),
  en: () => import('./en.js').then((module) => module.en),
  es: () => import('./es.js').then((module) => module.es),
};

/** The texts of later screens. */
const LATER_LOADERS: Readonly<Record<Language, () => Promise<LaterMessages>>> = {
  'pt-BR': () => import('./pt-BR/later.js').then((module) => module.later),
  en: () => import('./en/later.js').then((module) => module.later),
  es: () => import('./es/later.js').then((module) => module.later),
};

const loading = new WeakMap<i18n, Map<Language, Promise<void>>>();

function hasLater(instance: i18n, language: Language): boolean {
  // it is enough to check for one of these texts, because all of them are loaded together
  const known: unknown = instance.getResource(language, 'translation', 'imports');
  return known !== undefined;
}

function languageOf(instance: i18n): Language {
  return LANGUAGES.find((name) => name === instance.language) ?? 'pt-BR';
}

/** Loads the texts of later screens. Null if the texts are already loaded. */
export function loadLater(instance: i18n, language = languageOf(instance)): Promise<void> | null {
  if (hasLater(instance, language)) return null;
  const ofInstance = loading.get(instance) ?? new Map<Language, Promise<void>>();
  loading.set(instance, ofInstance);
  const begun =
    ofInstance.get(language) ??
    LATER_LOADERS[language]().then((texts) => {
      instance.addResourceBundle(language, 'translation', texts, true);
    });
  ofInstance.set(language, begun);
  return begun;
}

/** Loads the texts of later screens before a screen needs them. If loading fails, the screen that needs the texts loads them again. */
export async function preloadLater(instance: i18n): Promise<void> {
  const language = languageOf(instance);
  try {
    await loadLater(instance, language);
  } catch {
    loading.get(instance)?.delete(language);
  }
}

export async function startLanguages(language: Language): Promise<i18n> {
  const instance = i18next.createInstance();
  await instance.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'pt-BR',
    resources: {
      'pt-BR': { translation: ptBR },
      [language]: { translation: await LOADERS[language]() },
    },
    // React already escapes texts
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  return instance;
}

export async function setLanguage(instance: i18n, language: Language): Promise<void> {
  if (!instance.hasResourceBundle(language, 'translation')) {
    instance.addResourceBundle(language, 'translation', await LOADERS[language]());
  }
  // a later screen must not disappear while its texts load
  if (hasLater(instance, languageOf(instance))) await loadLater(instance, language);
  if (instance.language !== language) await instance.changeLanguage(language);
}
