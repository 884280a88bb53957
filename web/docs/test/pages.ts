import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fences, type Fence } from '../scripts/markdown';
import { PAGES } from '../scripts/paths';

export interface Page {
  readonly path: string;
  readonly text: string;
  readonly fences: readonly Fence[];
}

/** The pages that this package contains. All other pages are generated, or come from the repository, where other tests check them. */
export async function writtenPages(): Promise<readonly Page[]> {
  const names = (await readdir(PAGES, { recursive: true })).filter((name) => name.endsWith('.md')).sort();
  return Promise.all(
    names.map(async (path) => {
      const text = await readFile(join(PAGES, path), 'utf8');
      return { path, text, fences: fences(text) };
    }),
  );
}

export async function pageAt(path: string): Promise<Page> {
  const found = (await writtenPages()).find((page) => page.path === path);
  if (found === undefined) {
    throw new Error(`There is no page ${path}.`);
  }
  return found;
}

/** The block with this language, followed by these words. */
export function block(page: Page, language: string, ...info: readonly string[]): string {
  const found = page.fences.find((fence) => fence.language === language && info.every((word) => fence.info.includes(word)));
  if (found === undefined) {
    throw new Error(`${page.path} has no block \`${language} ${info.join(' ')}\`.`);
  }
  return found.text;
}

/** The files of a page, by name. */
export function filesOf(page: Page): ReadonlyMap<string, string> {
  const named = page.fences.flatMap(({ info, text }) => {
    const name = info.find((word) => word.startsWith('file='))?.slice('file='.length);
    return name === undefined ? [] : ([[name, text]] as const);
  });
  return new Map(named);
}

/** A pattern for text in which `…` stands for anything on a line. */
export function pattern(shown: string): RegExp {
  const escaped = shown.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '[^\\n]*?');
  return new RegExp(`^${escaped}$`);
}
