import { describe, expect, it } from 'vitest';
import { clock, calendarDate, dateAndTime, parseDuration, percent, percentage, timeOfDay, today } from '../src/lib/format.js';
import { newKey } from '../src/lib/key.js';

describe('clock', () => {
  it.each([
    [0, '0:00'],
    [9.9, '0:09'],
    [61, '1:01'],
    [3599, '59:59'],
    [3661, '1:01:01'],
    [-5, '0:00'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(clock(seconds)).toBe(text);
  });
});

describe('parseDuration', () => {
  it.each([
    ['10', 600],
    ['7:30', 450],
    ['1:00:00', 3600],
    [' 5 ', 300],
  ])('reads %s', (typed, seconds) => {
    expect(parseDuration(typed)).toBe(seconds);
  });

  it.each(['', 'x', '1:2:3:4', '-5'])('refuses "%s"', (typed) => {
    expect(parseDuration(typed)).toBeNull();
  });

  it('reads what the clock writes', () => {
    for (const seconds of [60, 450, 3661]) expect(parseDuration(clock(seconds))).toBe(seconds);
  });
});

describe('dates', () => {
  const instant = '2026-11-29T02:30:00Z';

  it('are shown in the time zone of the shop', () => {
    expect(timeOfDay(instant, 'pt-BR', 'America/Sao_Paulo')).toBe('23:30');
    expect(timeOfDay('2026-11-29T05:30:00Z', 'pt-BR', 'America/Sao_Paulo')).toBe('02:30');
    expect(timeOfDay('2026-11-29T05:30:00Z', 'en', 'America/Sao_Paulo')).toMatch(/^2:30\sAM$/);
    expect(dateAndTime(instant, 'pt-BR', 'America/Sao_Paulo')).toBe('28/11/2026, 23:30');
  });

  it('without a time belong to no time zone', () => {
    expect(calendarDate('2026-11-28', 'pt-BR')).toBe('28/11/2026');
  });

  it('begin at midnight of the shop', () => {
    expect(today('America/Sao_Paulo', new Date(instant))).toBe('2026-11-28');
    expect(today('Asia/Tokyo', new Date(instant))).toBe('2026-11-29');
    expect(today('America/Sao_Paulo', new Date(instant), 6)).toBe('2026-11-22');
  });
});

describe('percent', () => {
  it('has a sign for nothing', () => {
    expect(percent(null, 'en')).toBe('–');
    expect(percent('0.6667', 'en')).toBe('67%');
  });

  it('looks the same for a percentage as for a ratio', () => {
    expect([percentage('12.5', 'pt-BR'), percentage('-3', 'en')]).toEqual(['12,5%', '-3%']);
    for (const locale of ['pt-BR', 'en', 'es']) expect(percentage('43', locale)).toBe(percent('0.43', locale));
  });
});

describe('newKey', () => {
  it('is another one each time', () => {
    const keys = new Set(Array.from({ length: 100 }, newKey));
    expect(keys.size).toBe(100);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
  });
});
