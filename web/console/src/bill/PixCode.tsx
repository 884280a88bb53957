import qrcode from 'qrcode-generator';
import { useMemo, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { href } from '../app/router.js';
import { brCode } from '../lib/pix.js';
import { Icon } from '../ui/Icon.js';

export interface PixCodeProps {
  readonly pixKey: string;
  readonly shopName: string;
  readonly micros: bigint;
  readonly reference: string;
}

/** Blank modules around the code, without which scanners do not find it. */
const QUIET = 4;

/** The dark modules of a QR code as one SVG path. */
export function qrPath(text: string): { readonly path: string; readonly size: number } {
  const code = qrcode(0, 'M');
  code.addData(text, 'Byte');
  code.make();
  const modules = code.getModuleCount();
  const dark: string[] = [];
  for (let row = 0; row < modules; row += 1) {
    for (let column = 0; column < modules; column += 1) {
      if (code.isDark(row, column)) dark.push(`M${column + QUIET} ${row + QUIET}h1v1h-1z`);
    }
  }
  return { path: dark.join(''), size: modules + 2 * QUIET };
}

/** A Pix charge over the amount. Without the shop's key there is nothing to scan, and the text says where to set it. */
export function PixCode({ pixKey, shopName, micros, reference }: PixCodeProps): ReactElement | null {
  const { t } = useTranslation();
  const text = useMemo(
    () => brCode({ key: pixKey, name: shopName, city: '', micros, reference }),
    [pixKey, shopName, micros, reference],
  );
  const { path, size } = useMemo(() => qrPath(text), [text]);
  if (pixKey === '') {
    return (
      <p className="quiet">
        <Icon name="qr" /> <a href={href('settings')}>{t('pix.noKey')}</a>
      </p>
    );
  }
  if (micros <= 0n) return null;
  return (
    <figure className="pix">
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t('pix.code')} shapeRendering="crispEdges">
        <rect className="pix-paper" width={size} height={size} />
        <path className="pix-ink" d={path} />
      </svg>
      <figcaption>
        {t('pix.scan')}
        <code className="pix-text">{text}</code>
      </figcaption>
    </figure>
  );
}
