import type { TFunction } from 'i18next';
import type { VersionRowFragment } from './generated.js';

/** The note of a version. The server writes the notes of derived versions in English, so a note in this form is translated. */
export function noteOf({ note, isDerived }: Pick<VersionRowFragment, 'note' | 'isDerived'>, t: TFunction): string {
  const written = isDerived ? /^Derived from (.+), version (\d+)$/.exec(note) : null;
  return written === null ? note : t('tariffs.derivedFrom', { source: written[1], number: written[2] });
}
