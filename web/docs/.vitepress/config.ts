import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { transformerStyleToClass } from '@shikijs/transformers';
import { defineConfig, type HeadConfig } from 'vitepress';
import { writeLlms } from '../scripts/llms';
import { slug } from '../scripts/markdown';
import { GENERATED, REPOSITORY, SITE } from '../scripts/paths';
import { prepare } from '../scripts/prepare';
import { repositoryUrl } from '../scripts/repository';
import { moveInline, type Moved } from './policy';
import { LISTED, SIDEBAR } from './sidebar';

const base = '/docs/';
const isBuild = process.env.NODE_ENV === 'production';
/**
 * The colors of code, as classes instead of inline styles. The file's name has no hash, so the file is not in `assets`, whose files browsers cache
 * forever.
 */
const code = { file: 'code.css', transformer: transformerStyleToClass() };
const moved = new Map<string, Moved>();

await prepare();
const repository = await repositoryUrl();

const head: HeadConfig[] = [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}icon.svg` }]];
if (isBuild) {
  head.push(['link', { rel: 'stylesheet', href: `${base}${code.file}` }]);
}

export default defineConfig({
  base,
  srcDir: GENERATED,
  outDir: join(SITE, 'dist'),
  lang: 'en-US',
  title: 'callshop',
  description: 'Telephone booths with a GraphQL API: live calls, exact money, one schema per role.',
  head,
  // with transitions disabled, the theme would add a style element when it starts
  appearance: { disableTransition: false },
  // puts the pages' metadata into a separate file, so that no page contains it as an inline script
  metaChunk: true,
  markdown: {
    anchor: { slugify: slug },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    codeTransformers: isBuild ? [code.transformer] : [],
  },
  themeConfig: {
    logo: '/icon.svg',
    nav: [
      { text: 'Start', link: '/start/web' },
      { text: 'Guide', link: '/guide/requests' },
      { text: 'Reference', link: '/reference/' },
      { text: 'Operating', link: '/operate/first-shop' },
    ],
    sidebar: SIDEBAR.map(({ text, items }) => ({ text, items: [...items] })),
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: repository }],
  },
  transformHtml: (html) => {
    const page = moveInline(html, base);
    for (const part of page.moved) {
      moved.set(part.file, part);
    }
    return page.html;
  },
  buildEnd: async ({ outDir }) => {
    for (const { file, text } of [...moved.values(), { file: code.file, text: code.transformer.getCSS() }]) {
      await mkdir(dirname(join(outDir, file)), { recursive: true });
      await writeFile(join(outDir, file), text);
    }
    await copyFile(join(REPOSITORY, 'schema.graphql'), join(outDir, 'schema.graphql'));
    await writeLlms({ base, pages: LISTED, from: GENERATED, to: outDir });
  },
});
