import { format } from 'prettier/standalone';
import { describe, expect, it } from 'vitest';
import { parsers, printers } from '../src/jsonFormat';

describe('the layout of variables', () => {
  it('is indented, and comments stay', async () => {
    const text = '{"a":1, // why\n"b":[true,{"c":null}]}';
    const laidOut = await format(text, { parser: 'jsonc', plugins: [{ printers }, { parsers }] });
    expect(laidOut).toBe('{\n  "a": 1, // why\n  "b": [\n    true,\n    {\n      "c": null\n    }\n  ]\n}\n');
  });
});
