import { describe, expect, it } from 'vitest';
import { mergeMappings, NO_ANSWERS, sortedMapping } from '../src/reseller/imports/mapping.js';

const merged = (...mappings: readonly object[]): unknown =>
  JSON.parse(mappings.map((mapping) => JSON.stringify(mapping)).reduce(mergeMappings, NO_ANSWERS));

describe('the mapping of several answers', () => {
  it('has all of their fields, and the later answer wins', () => {
    expect(merged({ date_order: 'dmy' }, { decimal_mark: 'comma' }, { date_order: 'mdy' })).toEqual({ date_order: 'mdy', decimal_mark: 'comma' });
    expect(merged()).toEqual({});
  });

  it('joins the columns, the statuses, the bands and the selections of rows', () => {
    expect(merged({ columns: { price: 'Rate' }, statuses: { D: 'remove' } }, { columns: { prefix: 3, price: 'New' }, statuses: { N: 'keep' } })).toEqual({
      columns: { price: 'New', prefix: 3 },
      statuses: { D: 'remove', N: 'keep' },
    });
    expect(merged({ bands: { night: null } }, { bands: { weekend: 'Night' } }, { only: { product: ['gold'] } })).toEqual({
      bands: { night: null, weekend: 'Night' },
      only: { product: ['gold'] },
    });
  });

  it('ignores each column that one of the answers ignores, as the server does', () => {
    expect(merged({ columns: { ignore: 'Fee' } }, { columns: { ignore: ['Tax', 'Fee'] } })).toEqual({ columns: { ignore: ['Fee', 'Tax'] } });
    expect(merged({ columns: { ignore: ['Fee'] } }, { columns: { price: 2 } })).toEqual({ columns: { ignore: ['Fee'], price: 2 } });
  });

  it('takes a value in place of a map, and a map in place of null', () => {
    expect(merged({ columns: null }, { columns: { price: 1 } })).toEqual({ columns: { price: 1 } });
    expect(merged({ increment: 60 }, { increment: 1 })).toEqual({ increment: 1 });
  });
});

describe('a mapping in alphabetical order', () => {
  it('is the same for equal mappings, and keeps the order of lists', () => {
    const sorted = '{"columns":{"ignore":["Tax","Fee"],"price":2},"date_order":"dmy"}';
    expect(sortedMapping('{ "date_order": "dmy", "columns": { "price": 2, "ignore": ["Tax", "Fee"] } }')).toBe(sorted);
    expect(sortedMapping('{"b":null}', 2)).toBe('{\n  "b": null\n}');
  });
});
