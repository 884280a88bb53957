import { createClient } from '@callshop/client';
import { createRoot } from 'react-dom/client';
import { I18nextProvider } from 'react-i18next';
import { LANGUAGES, type Language } from '../app/settings.js';
import { setLanguage, startLanguages } from '../i18n/index.js';
import '../styles/base.css';
import { CustomerScreen } from './CustomerScreen.js';

const place = document.getElementById('root');
if (place === null) throw new Error('The page has no place for the screen.');

/** The supported language that matches the shop's language; the device's language does not matter. */
function languageOf(locale: string): Language {
  const wanted = locale.toLowerCase();
  return LANGUAGES.find((language) => wanted.startsWith(language.slice(0, 2).toLowerCase())) ?? 'en';
}

// browsers do not send the fragment to any server
const token = location.hash.slice(1);
const client = createClient({ url: '/graphql', token });
const i18n = await startLanguages('pt-BR');
const follow = async (locale: string): Promise<void> => {
  const language = languageOf(locale);
  document.documentElement.lang = language;
  await setLanguage(i18n, language);
};
createRoot(place).render(
  <I18nextProvider i18n={i18n}>
    <CustomerScreen client={client} onLocale={follow} />
  </I18nextProvider>,
);
