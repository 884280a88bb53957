import { createInstance, type i18n, type ResourceLanguage } from 'i18next';
import { createRoot, type Root } from 'react-dom/client';
import { initReactI18next } from 'react-i18next';
import { vi } from 'vitest';
import { App } from '../src/app/App.js';
import { en } from '../src/i18n/en.js';
import { later as laterEn } from '../src/i18n/en/later.js';
import { es } from '../src/i18n/es.js';
import { later as laterEs } from '../src/i18n/es/later.js';
import type { LaterMessages } from '../src/i18n/index.js';
import { ptBR, type Messages } from '../src/i18n/pt-BR.js';
import { later as laterPtBR } from '../src/i18n/pt-BR/later.js';
import type { Fake } from './mock.js';

/** Timeout for loading screens, which are loaded when they are needed and load slowly on a busy machine. */
const PATIENCE = { timeout: 90_000 };

export const OPEN = '⟦';
export const CLOSE = '⟧';

const PT_BR = { ...ptBR, ...laterPtBR };

/** All messages, each in brackets. */
function marked(messages: Messages): ResourceLanguage[string] {
  return Object.fromEntries(
    Object.entries(messages).map(([group, texts]) => [
      group,
      Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, `${OPEN}${text}${CLOSE}`])),
    ]),
  );
}

async function languageOf(lng: string, translation: ResourceLanguage[string]): Promise<i18n> {
  const instance = createInstance();
  await instance.use(initReactI18next).init({
    lng,
    resources: { [lng]: { translation } },
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  return instance;
}

/** A language whose messages are all in brackets. A text without brackets is therefore not a translated message. */
export function pseudoLanguage(): Promise<i18n> {
  return languageOf('pt-BR', marked(PT_BR));
}

export const LANGUAGES: Readonly<Record<string, Messages & LaterMessages>> = { 'pt-BR': PT_BR, en: { ...en, ...laterEn }, es: { ...es, ...laterEs } };

/** Like {@link pseudoLanguage}, with only the texts of the first view. */
export function pseudoFirstView(): Promise<i18n> {
  return languageOf('pt-BR', marked(ptBR));
}

/** One of the page's own languages. */
export function language(name: string): Promise<i18n> {
  return languageOf(name, LANGUAGES[name] ?? PT_BR);
}

export interface Opened {
  readonly root: Root;
  readonly close: () => void;
}

/** Renders the whole page at an address and waits until nothing is loading. */
export async function openAt(fake: Fake, i18n: i18n, hash: string): Promise<Opened> {
  window.location.hash = hash;
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  const root = createRoot(place);
  root.render(<App client={fake.client} i18n={i18n} setLanguage={() => Promise.resolve()} />);
  await idle();
  return {
    root,
    close: () => {
      root.unmount();
    },
  };
}

export async function idle(): Promise<void> {
  await vi.waitFor(
    () => {
      // ignore the spinner of a bill that waits for its last call
      const loading = Array.from(document.querySelectorAll('.spinner')).filter((spinner) => spinner.closest('.closing') === null);
      if (document.querySelector('main') === null || loading.length > 0) throw new Error('It still loads.');
    },
    PATIENCE,
  );
}

export async function find(selector: string): Promise<HTMLElement> {
  return vi.waitFor(
    () => {
      const found = document.querySelector<HTMLElement>(selector);
      if (found === null) throw new Error(`No ${selector} yet.`);
      return found;
    },
    PATIENCE,
  );
}

/** Waits until the check passes, with a timeout for busy machines. */
export function soon(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, PATIENCE);
}

function set(field: Element | null, name: 'input' | 'change', text: string): void {
  const prototype = field instanceof HTMLSelectElement ? HTMLSelectElement.prototype : HTMLInputElement.prototype;
  if (!(field instanceof prototype.constructor)) throw new Error('There is no such field.');
  Object.getOwnPropertyDescriptor(prototype, 'value')?.set?.call(field, text);
  field.dispatchEvent(new Event(name, { bubbles: true }));
}

/** Types into a field as a user would, with an event, because React does not notice a change of the property alone. */
export function type(field: Element | null, text: string): void {
  set(field, 'input', text);
}

/** Selects a value of a list. */
export function choose(field: Element | null, value: string): void {
  set(field, 'change', value);
}

/** Chooses a file, as the browser's window for files would. */
export function chooseFile(field: Element | null, file: File): void {
  if (!(field instanceof HTMLInputElement)) throw new Error('There is no such field.');
  Object.defineProperty(field, 'files', { value: [file], configurable: true });
  field.dispatchEvent(new Event('change', { bubbles: true }));
}

export function submit(form: Element | null): void {
  form?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
}

/** The field with this label, somewhere inside. */
export function labeled(inside: ParentNode, label: string): Element | null {
  const found = Array.from(inside.querySelectorAll('label')).find((candidate) => candidate.textContent.startsWith(label));
  const id = found?.getAttribute('for') ?? null;
  return id === null ? null : document.getElementById(id);
}
