import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LISTED } from '../.vitepress/sidebar';
import { outsideFences, slug } from '../scripts/markdown';
import { allPages } from '../scripts/prepare';

const pages = await allPages();
/** Files of the site that are not pages. */
const FILES = new Set(['/docs/schema.graphql', '/docs/llms.txt', '/docs/llms-full.txt']);

function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  outsideFences(markdown, (line) => {
    const heading = /^#{1,6} (.*)$/.exec(line)?.[1];
    if (heading !== undefined) {
      const own = /\{#([^}]+)\}\s*$/.exec(heading)?.[1];
      anchors.add(own ?? slug(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '')));
    }
    return line;
  });
  return anchors;
}

function linksOf(markdown: string): readonly string[] {
  const links: string[] = [];
  outsideFences(markdown, (line) => {
    links.push(...[...line.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target));
    return line;
  });
  return links;
}

function problem(from: string, link: string): string | null {
  if (link.startsWith('https://') || FILES.has(link)) {
    return null;
  }
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : posix.normalize(posix.join(posix.dirname(from), path));
  const text = pages.get(target);
  if (text === undefined) {
    return `${from}: no page ${link}`;
  }
  return anchor === undefined || anchorsOf(text).has(anchor) ? null : `${from}: no heading ${link}`;
}

describe('the pages', () => {
  it('link to pages and headings that are there', () => {
    const problems = [...pages].flatMap(([from, text]) => linksOf(text).flatMap((link) => problem(from, link) ?? []));
    expect(problems).toEqual([]);
  });

  it('are all in the sidebar', () => {
    const listed = LISTED.map(({ link }) => `${link.endsWith('/') ? `${link}index` : link}.md`.slice(1));
    expect([...pages.keys()].sort()).toEqual([...listed].sort());
  });

  it('say what they are about', () => {
    for (const [path, text] of pages) {
      expect(/^description: .{10,}$/m.exec(text), path).not.toBeNull();
    }
  });
});
