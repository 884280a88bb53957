import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../scripts/paths';
import { pageAt } from './pages';

const source = (path: string): Promise<string> => readFile(join(REPOSITORY, path), 'utf8');

describe('the table of close codes', () => {
  it('has every code and reason of the server', async () => {
    const { text } = await pageAt('guide/subscriptions.md');
    const table = text.slice(text.indexOf('{#close-codes}'), text.indexOf('{#resume}'));
    const found = [...(await source('transport/src/graphql_ws/socket.rs')).matchAll(/Close\(\s*(\d{4}), "([^"]+)"\s*\)/g)];
    expect(found.length).toBeGreaterThan(15);
    for (const [, code = '', reason = ''] of found) {
      const row = table.split('\n').find((line) => new RegExp(`^\\| [^|]*\\b${code}\\b`).test(line));
      expect(row, code).toBeDefined();
      // these three codes are about malformed frames and share one row
      if (!['1002', '1007', '1009'].includes(code)) {
        expect(row, code).toContain(`\`${reason}\``);
      }
    }
  });
});

describe('the table of limits', () => {
  it('has the server’s defaults', async () => {
    const { text } = await pageAt('guide/requests.md');
    const limits = await source('transport/src/limits.rs');
    const defaults = new Map([...limits.matchAll(/^\s+(\w+): ([\d_* ]+),$/gm)].map(([, name = '', value = '']) => [name, number(value)]));
    const config = /body_bytes: (\d+) << (\d+)/.exec(await source('api/src/config.rs'));
    defaults.set('body_bytes', Number(config?.[1]) * 2 ** Number(config?.[2]));
    const shown = (name: string): string => (defaults.get(name) ?? Number.NaN).toLocaleString('en-US');
    const mebibytes = (name: string): string => `${(defaults.get(name) ?? Number.NaN) / 2 ** 20} MiB`;
    const rows = [
      `| size of a request | ${mebibytes('body_bytes')} |`,
      `| size of an answer, and of a message of a subscription | ${mebibytes('answer_bytes')} |`,
      `| running time of a query or mutation | ${shown('query_seconds')} s |`,
      `${shown('subject_per_minute')} a minute, at most ${shown('subject_burst')} at once`,
      `${shown('address_per_minute')} a minute, at most ${shown('address_burst')} at once`,
      `${shown('per_subject')} per user, ${shown('per_address')} per address`,
      `| operations on one socket | ${shown('operations')} |`,
      `${shown('messages_per_second')} a second, of at most ${(defaults.get('message_bytes') ?? 0) / 1024} KiB`,
      `| ${shown('depth')}, ${shown('fields')}, ${shown('aliases')} |`,
      `| ${shown('complexity')} |`,
    ];
    for (const row of rows) {
      expect(text).toContain(row);
    }
  });
});

function number(product: string): number {
  return product
    .split('*')
    .map((factor) => Number(factor.replaceAll('_', '').trim()))
    .reduce((a, b) => a * b, 1);
}
