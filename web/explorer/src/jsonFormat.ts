import { applyEdits, format } from 'jsonc-parser';

interface Text {
  readonly type: 'text';
  readonly text: string;
}

const FORMAT = 'jsonc-text';

// The two halves of a Prettier plugin that formats JSON with comments. To format JSON, GraphiQL itself would load Prettier's JavaScript parser,
// which is ten times the size of everything else that the formatting button needs.
export const parsers = {
  jsonc: {
    astFormat: FORMAT,
    parse: (text: string): Text => ({ type: 'text', text }),
    locStart: (): number => 0,
    locEnd: ({ text }: Text): number => text.length,
  },
};

export const printers = {
  [FORMAT]: {
    print: ({ node }: { readonly node: Text }): string => formatJson(node.text),
  },
};

function formatJson(text: string): string {
  const edits = format(text, undefined, { insertSpaces: true, tabSize: 2, insertFinalNewline: true });
  return applyEdits(text, edits);
}
