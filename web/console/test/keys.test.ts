import { describe, expect, it } from 'vitest';
import { isWriting, shortcutOf, typeDigit } from '../src/app/shortcuts.js';

const press = (key: string, more: Partial<{ ctrlKey: boolean; altKey: boolean; metaKey: boolean }> = {}) =>
  shortcutOf({ key, ctrlKey: false, altKey: false, metaKey: false, ...more });

describe('shortcutOf', () => {
  it('knows the keys of the counter, in both cases', () => {
    expect(press('7')).toEqual({ kind: 'digit', digit: '7' });
    expect(press('o')).toEqual({ kind: 'open' });
    expect(press('O')).toEqual({ kind: 'open' });
    expect(press('f')).toEqual({ kind: 'close' });
    expect(press('p')).toEqual({ kind: 'pay' });
    expect(press('/')).toEqual({ kind: 'search' });
    expect(press('?')).toEqual({ kind: 'help' });
  });

  it('leaves everything else to the browser', () => {
    expect(press('x')).toBeNull();
    expect(press('Enter')).toBeNull();
    expect(press('p', { ctrlKey: true })).toBeNull();
    expect(press('f', { metaKey: true })).toBeNull();
    expect(press('1', { altKey: true })).toBeNull();
  });
});

describe('typeDigit', () => {
  const cabins = [1, 2, 12, 13];

  it('joins digits that follow each other quickly', () => {
    const first = typeDigit({ digits: '', at: 0 }, '1', 1000, cabins);
    expect(first.digits).toBe('1');
    expect(typeDigit(first, '2', 1500, cabins).digits).toBe('12');
  });

  it('starts anew after a pause', () => {
    expect(typeDigit({ digits: '1', at: 1000 }, '2', 2000, cabins).digits).toBe('2');
  });

  it('starts anew if no cabin begins like that', () => {
    expect(typeDigit({ digits: '2', at: 1000 }, '1', 1100, cabins).digits).toBe('1');
  });
});

describe('isWriting', () => {
  it('is true in fields and dialogs', () => {
    document.body.innerHTML = '<input id="a"><div role="dialog"><button id="b"></button></div><button id="c"></button>';
    expect(isWriting(document.getElementById('a'))).toBe(true);
    expect(isWriting(document.getElementById('b'))).toBe(true);
    expect(isWriting(document.getElementById('c'))).toBe(false);
    expect(isWriting(null)).toBe(false);
  });
});
