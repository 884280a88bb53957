import i18next, { type i18n } from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Language } from '../app/settings.js';
import { ptBR, type Messages } from './pt-BR.js';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: Messages };
  }
}

/** The other languages are loaded when they are chosen. */
const LOADERS: Readonly<Record<Language, () => Promise<Messages>>> = {
  'pt-BR': () => Promise.resolve(ptBR),
  en: () => import('./en.js').then((module) => module.en),
  es: () => import('./es.js').then((module) => module.es),
};

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
