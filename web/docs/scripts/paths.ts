import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package of this site. */
export const SITE = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** The root of the repository. */
export const REPOSITORY = resolve(SITE, '../..');
/** Pages that people write. */
export const PAGES = join(SITE, 'pages');
/** All pages, as VitePress reads them. */
export const GENERATED = join(SITE, 'generated');
