import { DatabaseSync } from 'node:sqlite';
import type { Demo } from './demo.js';

/** The rows of a callshop's activity table from a sequence number on, as `seq kind`, read from the database. */
export function activityTable(demo: Demo, from: number): readonly string[] {
  const database = new DatabaseSync(demo.database, { readOnly: true });
  try {
    const [, hex = ''] = Buffer.from(demo.printed.callshopId, 'base64url').toString().split(':');
    const rows = database.prepare('SELECT seq, kind FROM activity WHERE lower(hex(callshop_id)) = ? AND seq >= ? ORDER BY seq').all(hex, from);
    return rows.map(({ seq, kind }) => `${String(seq)} ${String(kind)}`);
  } finally {
    database.close();
  }
}
