import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildSchema } from 'graphql';
import { changesPage } from './changes';
import { errorPage } from './errors';
import { GENERATED, PAGES, REPOSITORY } from './paths';
import { permissionTables } from './permissions';
import { referencePages } from './reference';
import { copyPictures, repositoryPages } from './repository';

/** Generated parts of hand-written pages, by the comment that marks the place of each part. */
const PARTS: Readonly<Record<string, () => Promise<string>>> = {
  '<!-- generated: permissions -->': permissionTables,
};

/** All pages of the site, by path. */
export async function allPages(): Promise<ReadonlyMap<string, string>> {
  const schema = buildSchema(await readFile(join(REPOSITORY, 'schema.graphql'), 'utf8'));
  return new Map([
    ...(await writtenPages()),
    ...(await repositoryPages()),
    ...referencePages(schema),
    ['reference/errors.md', await errorPage()],
    ['reference/changes.md', await changesPage()],
  ]);
}

/** Writes all pages, their pictures and the public files to the folder that VitePress reads. */
export async function prepare(): Promise<void> {
  const pages = await allPages();
  await rm(GENERATED, { recursive: true, force: true });
  for (const [path, text] of pages) {
    await mkdir(dirname(join(GENERATED, path)), { recursive: true });
    await writeFile(join(GENERATED, path), text);
  }
  await copyPictures(GENERATED);
  await cp(join(PAGES, 'public'), join(GENERATED, 'public'), { recursive: true });
}

async function writtenPages(): Promise<readonly (readonly [string, string])[]> {
  const names = (await readdir(PAGES, { recursive: true })).filter((name) => name.endsWith('.md')).sort();
  return Promise.all(
    names.map(async (name) => {
      let text = await readFile(join(PAGES, name), 'utf8');
      for (const [mark, make] of Object.entries(PARTS)) {
        if (text.includes(mark)) {
          text = text.replace(mark, await make());
        }
      }
      return [name.replaceAll('\\', '/'), text] as const;
    }),
  );
}
