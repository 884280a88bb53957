import { describe, expect, it } from 'vitest';
import { instantOf } from '../src/lib/zone.js';

describe('an instant from a date and a time', () => {
  it('is when the clocks of the time zone show them', () => {
    expect(instantOf('2026-12-01', '00:00', 'America/Sao_Paulo')).toBe('2026-12-01T03:00:00.000Z');
    expect(instantOf('2026-12-01', '00:00', 'Asia/Kolkata')).toBe('2026-11-30T18:30:00.000Z');
    expect(instantOf('2026-12-01', '23:59', 'UTC')).toBe('2026-12-01T23:59:00.000Z');
    expect(instantOf('2026-01-01', '00:00', 'Pacific/Auckland')).toBe('2025-12-31T11:00:00.000Z');
  });

  it('is right on both sides of a change of the clocks', () => {
    // in New York, the clocks go from 2:00 to 3:00 on March 8, 2026, and from 2:00 back to 1:00 on November 1
    expect(instantOf('2026-03-08', '01:59', 'America/New_York')).toBe('2026-03-08T06:59:00.000Z');
    expect(instantOf('2026-03-08', '03:00', 'America/New_York')).toBe('2026-03-08T07:00:00.000Z');
    expect(instantOf('2026-03-09', '00:30', 'America/New_York')).toBe('2026-03-09T04:30:00.000Z');
    expect(instantOf('2026-11-01', '00:59', 'America/New_York')).toBe('2026-11-01T04:59:00.000Z');
    expect(instantOf('2026-11-01', '02:00', 'America/New_York')).toBe('2026-11-01T07:00:00.000Z');
  });

  it('is the first of two, and later than a time that the clocks skip', () => {
    expect(instantOf('2026-11-01', '01:30', 'America/New_York')).toBe('2026-11-01T05:30:00.000Z');
    // shown as 3:30
    expect(instantOf('2026-03-08', '02:30', 'America/New_York')).toBe('2026-03-08T07:30:00.000Z');
  });

  it('is null without a date or a time', () => {
    expect([instantOf('', '08:00', 'UTC'), instantOf('2026-12-01', '', 'UTC'), instantOf('tomorrow', '08:00', 'UTC')]).toEqual([null, null, null]);
  });
});
