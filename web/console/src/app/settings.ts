import { useSyncExternalStore } from 'react';

export const LANGUAGES = ['pt-BR', 'en', 'es'] as const;
export type Language = (typeof LANGUAGES)[number];

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export interface Settings {
  readonly language: Language;
  readonly theme: Theme;
  readonly sound: boolean;
  readonly shortcuts: boolean;
}

const DEFAULTS: Settings = { language: 'pt-BR', theme: 'system', sound: true, shortcuts: true };
const STORED_AS = 'callshop.settings';

function oneOf<T extends string>(allowed: readonly T[], value: unknown, otherwise: T): T {
  return allowed.find((candidate) => candidate === value) ?? otherwise;
}

/** Reads the settings that an earlier visit stored. Missing and unknown values get their defaults. */
export function readSettings(stored: string | null): Settings {
  let parsed: unknown;
  try {
    parsed = JSON.parse(stored ?? '{}');
  } catch {
    parsed = {};
  }
  const value = (name: string): unknown =>
    typeof parsed === 'object' && parsed !== null ? Object.getOwnPropertyDescriptor(parsed, name)?.value : undefined;
  return {
    language: oneOf(LANGUAGES, value('language'), DEFAULTS.language),
    theme: oneOf(THEMES, value('theme'), DEFAULTS.theme),
    sound: value('sound') !== false,
    shortcuts: value('shortcuts') !== false,
  };
}

let settings = readSettings(typeof localStorage === 'undefined' ? null : localStorage.getItem(STORED_AS));
const listeners = new Set<() => void>();

export const settingsStore = {
  get: (): Settings => settings,
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  change: (changes: Partial<Settings>): void => {
    settings = { ...settings, ...changes };
    localStorage.setItem(STORED_AS, JSON.stringify(settings));
    listeners.forEach((listener) => {
      listener();
    });
  },
};

export function useSettings(): Settings {
  return useSyncExternalStore(settingsStore.subscribe, settingsStore.get);
}

/** Sets the theme on the page. With the theme `system`, the style sheet follows the operating system's setting. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
