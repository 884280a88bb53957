import { createHash } from 'node:crypto';

/** An inline script that was moved to a file, so that the site's policy needs no `unsafe-inline`. */
export interface Moved {
  readonly file: string;
  readonly text: string;
}

const SCRIPT = /<script id="([\w-]+)">([\s\S]*?)<\/script>/g;
const TAG = /<[a-z][^>]*>/g;

/** The page without inline scripts and styles, and the scripts' files. */
export function moveInline(html: string, base: string): { readonly html: string; readonly moved: readonly Moved[] } {
  const moved: Moved[] = [];
  const without = html.replaceAll(SCRIPT, (_, id: string, text: string) => {
    const file = `assets/${id}.${createHash('sha256').update(text).digest('hex').slice(0, 8)}.js`;
    moved.push({ file, text });
    return `<script id="${id}" src="${base}${file}"></script>`;
  });
  // inline styles can be dropped: the theme's scripts set them again, or the site's style sheet replaces them
  return { html: without.replaceAll(TAG, (tag) => tag.replace(/ style="[^"]*"/, '')), moved };
}
