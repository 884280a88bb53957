import { Suspense, useEffect, type ReactElement } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { afterEach, describe, expect, it } from 'vitest';
import { later } from '../src/app/later.js';
import { loadLater, setLanguage, startLanguages } from '../src/i18n/index.js';
import { shopOf } from './fixtures.js';
import { fakeClient } from './mock.js';
import { openAt, pseudoFirstView, soon, type Opened } from './page.js';
import { untranslated } from './untranslated.js';

const LONG = { timeout: 240_000 };
let opened: Opened | null = null;

afterEach(() => {
  opened?.close();
  opened = null;
});

describe('the first view', () => {
  it.each([
    ['the login', null],
    ['the board of an attendant', 'ATTENDANT'],
    ['the board of an owner', 'CALLSHOP_OWNER'],
  ] as const)('needs no later texts: %s', LONG, async (_name, role) => {
    opened = await openAt(fakeClient(role, shopOf()), await pseudoFirstView(), '#/board');
    expect(document.body.textContent).toContain('⟦');
    expect(untranslated()).toEqual([]);
  });
});

describe('the later texts', () => {
  it('are there in another language as soon as the language is chosen, if a later screen may be shown', LONG, async () => {
    const i18n = await startLanguages('en');
    await setLanguage(i18n, 'pt-BR');
    expect(loadLater(i18n)).not.toBeNull();
    await loadLater(i18n);
    expect(loadLater(i18n)).toBeNull();
    await setLanguage(i18n, 'es');
    expect(loadLater(i18n)).toBeNull();
    expect([i18n.t('common.close'), i18n.t('imports.open')]).toEqual(['Cerrar', 'Importar precios']);
  });
});

describe('a component whose code is loaded later', () => {
  function Screen({ name }: { readonly name: string }): ReactElement {
    return <p>{name}</p>;
  }

  async function fallbacksWith(loadsFirst: boolean): Promise<number> {
    const { Component, load } = later(() => Promise.resolve(Screen));
    let fallbacks = 0;
    const Fallback = (): ReactElement => {
      useEffect(() => {
        fallbacks += 1;
      }, []);
      return <p>wait</p>;
    };
    if (loadsFirst) await load();
    const place = document.createElement('div');
    const root = createRoot(place);
    // a change of the address is drawn like this, without waiting
    flushSync(() => {
      root.render(
        <Suspense fallback={<Fallback />}>
          <Component name="one" />
        </Suspense>,
      );
    });
    await soon(() => {
      expect(place.textContent).toBe('one');
    });
    root.unmount();
    return fallbacks;
  }

  it('appears without a fallback once its code is there', LONG, async () => {
    expect([await fallbacksWith(false), await fallbacksWith(true)]).toEqual([1, 0]);
  });
});
