import { cp, readdir, readFile } from 'node:fs/promises';
import { existsSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { outsideFences } from './markdown';
import { REPOSITORY } from './paths';

/** Folder of the site for the documents of the repository's `docs` folder. */
export const FOLDER = 'operate';

/** The repository's address, from its manifest. */
export async function repositoryUrl(): Promise<string> {
  const manifest = await readFile(join(REPOSITORY, 'Cargo.toml'), 'utf8');
  const url = /^repository = "([^"]+)"$/m.exec(manifest)?.[1];
  if (url === undefined) {
    throw new Error('Cargo.toml names no repository.');
  }
  return url;
}

/** The documents of the `docs` folder as pages of the site, by path. */
export async function repositoryPages(): Promise<ReadonlyMap<string, string>> {
  const url = await repositoryUrl();
  const names = (await readdir(join(REPOSITORY, 'docs'))).filter((name) => name.endsWith('.md')).sort();
  const pages = new Map<string, string>();
  for (const name of names) {
    const text = await readFile(join(REPOSITORY, 'docs', name), 'utf8');
    pages.set(`${FOLDER}/${name}`, withFront(adapt(text, url)));
  }
  return pages;
}

/** Copies the documents' pictures to the folder of their pages. */
export async function copyPictures(target: string): Promise<void> {
  const pictures = join(REPOSITORY, 'docs/picture');
  if (existsSync(pictures)) {
    await cp(pictures, join(target, FOLDER, 'picture'), { recursive: true });
  }
}

/** Links to files that are not on the site lead to the repository. */
function adapt(markdown: string, url: string): string {
  return outsideFences(markdown, (line) =>
    line.replaceAll(/(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g, (whole, mark: string, text: string, target: string) => {
      const moved = mark === '!' ? target : linkFrom(target, url);
      return moved === target ? whole : `${mark}[${text}](${moved})`;
    }),
  );
}

function linkFrom(target: string, url: string): string {
  if (/^(#|[a-z]+:)/.test(target)) {
    return target;
  }
  const [path = '', anchor] = target.split('#');
  const isPage = !path.includes('/') && path.endsWith('.md');
  if (isPage) {
    return target;
  }
  const file = posix.normalize(posix.join('docs', path));
  const kind = statSync(join(REPOSITORY, file)).isDirectory() ? 'tree' : 'blob';
  return `${url}/${kind}/main/${file}${anchor === undefined ? '' : `#${anchor}`}`;
}

/**
 * Adds front matter with a description: the first sentence of the first paragraph. Search results and the index for language models show this
 * description.
 */
function withFront(markdown: string): string {
  const first = markdown.split(/\n{2,}/).find((block) => /^[A-Z]/.test(block)) ?? '';
  const sentence = /^.*?[.:](?=\s|$)/s.exec(first)?.[0] ?? first;
  const plain = sentence.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '').replaceAll(/\s+/g, ' ').trim();
  return `---\ndescription: ${JSON.stringify(plain)}\n---\n\n${markdown}`;
}
