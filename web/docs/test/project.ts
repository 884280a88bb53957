import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export interface Project {
  readonly folder: string;
  remove(): Promise<void>;
}

/** A folder with these files and the workspace's packages, as a reader would create it. */
export async function makeProject(files: ReadonlyMap<string, string>): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'callshop-project-'));
  await symlink(resolve(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  for (const [name, text] of files) {
    await writeFile(join(folder, name), text);
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
