import i18next, { type i18n } from 'i18next';
import { initReactI18next } from 'react-i18next';
import { LANGUAGES, type Language } from '../app/settings.js';
import type { later } from './pt-BR/later.js';
import { ptBR, type Messages } from './pt-BR.js';

/** The texts that only later screens need. A screen that needs them stands in `LaterTexts`. */
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

const loading = new WeakMap<i18n, Map<string, Promise<void>>>();

/** Loads the texts of later screens in the current language. Null if they are there. */
export function loadLater(instance: i18n): Promise<void> | null {
  const language = LANGUAGES.find((name) => name === instance.language) ?? 'pt-BR';
  // any of the texts: they are loaded together
  const known: unknown = instance.getResource(language, 'translation', 'imports');
  if (known !== undefined) return null;
  const ofInstance = loading.get(instance) ?? new Map<string, Promise<void>>();
  loading.set(instance, ofInstance);
  const begun =
    ofInstance.get(language) ??
    import('./later.js').then(({ LATER }) => {
      instance.addResourceBundle(language, 'translation', LATER[language], true);
    });
  ofInstance.set(language, begun);
  return begun;
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
  if (instance.language !== language) await instance.changeLanguage(language);
}
