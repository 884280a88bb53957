import { Suspense, useEffect, useMemo, type ReactElement, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Board } from '../board/Board.js';
import { Icon } from '../ui/Icon.js';
import { Loading, Note } from '../ui/States.js';
import { useViewer } from './context.js';
import { DialogHost } from './DialogHost.js';
import { DialogsProvider } from './dialogs.js';
import { Faults } from './Faults.js';
import { usePreload } from './later.js';
import { LaterTexts } from './LaterTexts.js';
import { LocalImportsProvider } from './localImports.js';
import { NAV_ICONS } from './navigation.js';
import { NewsProvider } from './news.js';
import { Offline } from './Offline.js';
import { INSIDE_SHOP, screensOf } from './permissions.js';
import { href, useRoute, type Route, type Screen } from './router.js';
import { codeOf, LATER_SCREENS } from './screens.js';
import { settingsStore, useSettings } from './settings.js';
import { ShopProvider, useShopOrNull } from './shop.js';
import { useShortcuts } from './useShortcuts.js';

/** The page of a logged-in user. */
export function Shell(): ReactElement {
  const viewer = useViewer();
  const route = useRoute();
  const shopId = viewer.callshop?.id ?? route.shopId;
  const page = (
    <DialogsProvider>
      <NewsProvider>
        <Frame route={route} />
      </NewsProvider>
    </DialogsProvider>
  );
  return (
    <LocalImportsProvider>
      {shopId === null ? (
        page
      ) : (
        <ShopProvider key={shopId} shopId={shopId}>
          {page}
        </ShopProvider>
      )}
    </LocalImportsProvider>
  );
}

/** The screen that the address names, if this user may see it; otherwise the user's first screen. */
function screenOf(route: Route, own: readonly Screen[], insideShop: boolean): Screen {
  const allowed = insideShop ? [...own, ...INSIDE_SHOP] : own;
  const { screen } = route;
  return screen !== null && allowed.includes(screen) ? screen : (own[0] ?? 'settings');
}

function Frame({ route }: { readonly route: Route }): ReactElement {
  const { t } = useTranslation();
  const viewer = useViewer();
  const own = screensOf(viewer);
  const screen = screenOf(route, own, viewer.callshop === null && route.shopId !== null);
  const selected = useShortcuts(screen, route.shopId);
  usePreload(useMemo(() => codeOf(screensOf(viewer)), [viewer]));
  useEffect(() => {
    document.title = `${t(`nav.${screen}`)} · ${viewer.account.name}`;
  }, [t, screen, viewer.account.name]);
  return (
    <div className="shell">
      <button
        type="button"
        className="skip"
        onClick={() => {
          document.getElementById('main')?.focus();
        }}
      >
        {t('nav.skip')}
      </button>
      <Header />
      <nav className="nav" aria-label={t('nav.label')}>
        {own.map((name) => (
          <a key={name} className="nav-link" href={href(name)} aria-current={name === screen ? 'page' : name === own[0] && !own.includes(screen) ? 'true' : undefined}>
            <Icon name={NAV_ICONS[name]} />
            <span>{t(`nav.${name}`)}</span>
          </a>
        ))}
      </nav>
      <main className="main" id="main" tabIndex={-1}>
        <Offline />
        {viewer.callshop === null && route.shopId !== null ? <ShopNav route={route} /> : null}
        <Faults key={screen}>
          <Suspense fallback={<Loading />}>{contents(screen, selected)}</Suspense>
        </Faults>
      </main>
      <DialogHost />
    </div>
  );
}

function contents(screen: Screen, selected: number | null): ReactNode {
  if (screen === 'board') return <Board selected={selected} />;
  const { Component } = LATER_SCREENS[screen];
  return (
    <LaterTexts>
      <Component />
    </LaterTexts>
  );
}

function Header(): ReactElement {
  const { t } = useTranslation();
  const viewer = useViewer();
  const { sound } = useSettings();
  return (
    <header className="header">
      <span className="brand">
        <Icon name="phone" />
        <strong>{viewer.account.name}</strong>
      </span>
      <span className="header-user">
        <span className="header-name">{viewer.displayName}</span>
        <button
          type="button"
          className="icon-button"
          aria-pressed={!sound}
          aria-label={t('settings.mute')}
          title={t('settings.mute')}
          onClick={() => {
            settingsStore.change({ sound: !sound });
          }}
        >
          <Icon name={sound ? 'sound' : 'mute'} />
        </button>
      </span>
    </header>
  );
}

/** Navigation inside one shop, for users of the accounts above it. */
function ShopNav({ route }: { readonly route: Route }): ReactElement {
  const { t } = useTranslation();
  const shop = useShopOrNull();
  const found = shop?.callshop !== null;
  return (
    <nav className="shop-nav" aria-label={t('nav.shop')}>
      <a href={href('wall')}>
        <Icon name="back" />
        {t('nav.wall')}
      </a>
      <strong>{shop?.callshop?.name ?? ''}</strong>
      {found ? null : <Note>{t('error.NOT_FOUND')}</Note>}
      {INSIDE_SHOP.map((screen) => (
        <a key={screen} href={href(screen, route.shopId)} aria-current={route.screen === screen ? 'page' : undefined}>
          {t(`nav.${screen}`)}
        </a>
      ))}
    </nav>
  );
}
