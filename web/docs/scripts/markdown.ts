/** Converts text of the schema or of a comment to Markdown: escapes HTML outside of code, and joins the lines. */
export function prose(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')))
    .join('')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export interface Front {
  readonly title: string;
  readonly description: string;
  /** True for a page with wide tables; the tables then use the space of the outline. */
  readonly isWide?: boolean;
}

/** A page: its front matter, its title and its sections, with an empty line between them. */
export function page({ title, description, isWide = false }: Front, sections: readonly string[]): string {
  const wide = isWide ? ['aside: false', 'pageClass: wide'] : [];
  const front = ['---', `title: ${JSON.stringify(title)}`, `description: ${JSON.stringify(description)}`, ...wide, '---'].join('\n');
  return `${[front, `# ${title}`, ...sections].join('\n\n')}\n`;
}

export interface Fence {
  readonly language: string;
  /** Words after the language. */
  readonly info: readonly string[];
  readonly text: string;
  /** Line of the opening fence, counted from 1. */
  readonly line: number;
}

/** The fenced code blocks of a page, in order. */
export function fences(markdown: string): readonly Fence[] {
  const found: Fence[] = [];
  let open: { fence: string; language: string; info: readonly string[]; line: number; lines: string[] } | null = null;
  for (const [index, text] of markdown.split('\n').entries()) {
    const mark = /^\s*(`{3,}|~{3,})\s*(.*)$/.exec(text);
    if (open === null && mark !== null) {
      const [language = '', ...info] = (mark[2] ?? '').trim().split(/\s+/);
      open = { fence: mark[1] ?? '', language, info, line: index + 1, lines: [] };
    } else if (open !== null && text.trim() === open.fence) {
      found.push({ language: open.language, info: open.info, text: open.lines.join('\n'), line: open.line });
      open = null;
    } else {
      open?.lines.push(text);
    }
  }
  return found;
}

/** Applies `change` to each line outside of fenced code. */
export function outsideFences(markdown: string, change: (line: string) => string): string {
  let fence: string | null = null;
  const lines = markdown.split('\n').map((line) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark !== undefined && (fence === null || line.trim() === fence)) {
      fence = fence === null ? mark : null;
      return line;
    }
    return fence === null ? change(line) : line;
  });
  return lines.join('\n');
}

/** The anchor of a heading, in the format of code hosts, so that a link works both on the site and in the repository. */
export function slug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
    .replaceAll(' ', '-');
}
