import { readFile, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { outsideFences } from './markdown';

/** A page; the pages are in the order of the sidebar. */
export interface Listed {
  readonly section: string;
  readonly title: string;
  /** Path without extension, such as `/guide/subscriptions`; a folder's index ends with a slash. */
  readonly link: string;
}

export interface Sources {
  readonly base: string;
  readonly pages: readonly Listed[];
  /** The folder of the Markdown files. */
  readonly from: string;
  /** The folder of the built site. */
  readonly to: string;
}

const SUMMARY =
  'callshop is the backend of shops with telephone booths (cabins): a GraphQL API over HTTP, WebSocket and server-sent events, with one schema ' +
  'per role. Attendants open cabins, watch each call and its running cost, and take payment.';

/** Writes `llms.txt`, an index for language models, and `llms-full.txt`, which has all pages as one Markdown text. */
export async function writeLlms({ base, pages, from, to }: Sources): Promise<void> {
  const texts = await Promise.all(pages.map(async (page) => ({ ...page, text: await readFile(fileOf(from, page.link), 'utf8') })));
  const sections = [...new Set(texts.map(({ section }) => section))];
  const index = sections.map((section) => {
    const lines = texts
      .filter((page) => page.section === section)
      .map(({ title, link, text }) => `- [${title}](${address(base, link)}): ${descriptionOf(text)}`);
    return `## ${section}\n\n${lines.join('\n')}`;
  });
  const head = `# callshop\n\n> ${SUMMARY}\n\n- [The whole schema](${base}schema.graphql)\n- [All pages in one file](${base}llms-full.txt)`;
  await writeFile(join(to, 'llms.txt'), `${[head, ...index].join('\n\n')}\n`);
  const full = texts.map(({ link, text }) => `<!-- ${address(base, link)} -->\n\n${absolute(base, link, withoutFront(text)).trim()}`);
  await writeFile(join(to, 'llms-full.txt'), `${full.join('\n\n---\n\n')}\n`);
}

function fileOf(folder: string, link: string): string {
  return join(folder, `${link.endsWith('/') ? `${link}index` : link}.md`);
}

function address(base: string, link: string): string {
  return `${base}${link.slice(1)}${link.endsWith('/') ? '' : '.html'}`;
}

function descriptionOf(text: string): string {
  const written = /^description: (.*)$/m.exec(text)?.[1] ?? '';
  const value: unknown = written.startsWith('"') ? JSON.parse(written) : written;
  return String(value);
}

/** Returns the text with each link between pages replaced by the address of the page on the site. */
function absolute(base: string, link: string, text: string): string {
  const folder = link.slice(0, link.lastIndexOf('/') + 1);
  return outsideFences(text, (line) =>
    line.replaceAll(/\]\(([\w./-]+)\.md(#[^()\s]*)?\)/g, (_, path: string, anchor = '') => {
      const target = posix.normalize(posix.join(folder, path)).replace(/\/index$/, '/');
      return `](${address(base, target)}${String(anchor)})`;
    }),
  );
}

function withoutFront(text: string): string {
  return text.replace(/^---\n[\s\S]*?\n---\n/, '');
}
