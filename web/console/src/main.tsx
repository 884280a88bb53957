import { createRoot } from 'react-dom/client';
import { App } from './app/App.js';
import { pageClient } from './app/client.js';
import { LANGUAGES, applyTheme, settingsStore } from './app/settings.js';
import { setLanguage, startLanguages } from './i18n/index.js';
import './styles/base.css';
import './styles/shell.css';

const place = document.getElementById('root');
if (place === null) throw new Error('The page has no place for the console.');

const { language, theme } = settingsStore.get();
applyTheme(theme);
document.documentElement.lang = language;
const i18n = await startLanguages(language);
const chooseLanguage = async (wanted: string): Promise<void> => {
  const known = LANGUAGES.find((candidate) => candidate === wanted);
  if (known !== undefined) await setLanguage(i18n, known);
};
createRoot(place).render(<App client={pageClient()} i18n={i18n} setLanguage={chooseLanguage} />);
