import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient, useViewer } from '../app/context.js';
import { useDialogs } from '../app/dialogs.js';
import { screensOf, useMay } from '../app/permissions.js';
import { href } from '../app/router.js';
import { LANGUAGES, settingsStore, THEMES, useSettings } from '../app/settings.js';
import { NAV_ICONS } from '../app/navigation.js';
import { useShopOrNull } from '../app/shop.js';
import { play } from '../app/sound.js';
import { LANGUAGE_NAMES } from '../i18n/languages.js';
import { Button } from '../ui/Button.js';
import { Segments, SwitchField } from '../ui/Field.js';
import { Icon } from '../ui/Icon.js';
import { SecondFactor } from './SecondFactor.js';
import { PixSettings } from './PixSettings.js';

export function Settings(): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const viewer = useViewer();
  const shop = useShopOrNull();
  const maySetShop = useMay('MANAGE_SETTINGS');
  return (
    <section className="screen screen-narrow" aria-labelledby="settings-title">
      <h1 id="settings-title">{t('nav.settings')}</h1>
      <nav className="card more-screens" aria-label={t('nav.more')}>
        {screensOf(viewer)
          .filter((screen) => screen !== 'settings')
          .map((screen) => (
            <a key={screen} href={href(screen)}>
              <Icon name={NAV_ICONS[screen]} />
              {t(`nav.${screen}`)}
            </a>
          ))}
      </nav>
      <Preferences />
      <SecondFactor />
      {maySetShop && shop?.callshop?.currency === 'BRL' ? <PixSettings key={shop.callshop.pixKey} callshop={shop.callshop} onSaved={shop.reload} /> : null}
      <div className="card account">
        <Icon name="user" />
        <p>
          <strong>{viewer.displayName}</strong>
          <span className="tile-detail">
            {viewer.login} · {t(`role.${viewer.role}`)} · {viewer.account.name}
          </span>
        </p>
        <Button icon="leave" onClick={() => { void client.logout(); }}>
          {t('settings.logout')}
        </Button>
      </div>
    </section>
  );
}

function Preferences(): ReactElement {
  const { t } = useTranslation();
  const { show } = useDialogs();
  const settings = useSettings();
  return (
    <div className="card form">
      <Segments
        label={t('settings.language')}
        value={settings.language}
        choices={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
        onChange={(language) => {
          settingsStore.change({ language });
        }}
      />
      <Segments
        label={t('settings.theme')}
        value={settings.theme}
        choices={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
        onChange={(theme) => {
          settingsStore.change({ theme });
        }}
      />
      <SwitchField
        label={t('settings.sound')}
        checked={settings.sound}
        onChange={(sound) => {
          settingsStore.change({ sound });
          play('answered');
        }}
      />
      <SwitchField
        label={t('settings.shortcuts')}
        checked={settings.shortcuts}
        onChange={(shortcuts) => {
          settingsStore.change({ shortcuts });
        }}
      />
      <Button
        icon="help"
        onClick={() => {
          show({ kind: 'help' });
        }}
      >
        {t('help.show')}
      </Button>
    </div>
  );
}
