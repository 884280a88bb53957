import type { CallshopClient } from '@callshop/client';
import { asError } from '../../app/errors.js';
import type { ImportChoice, LocalImports } from '../../app/localImports.js';
import { CreateImportDocument, type ImportFieldsFragment } from '../generated.js';

export interface Place {
  readonly client: CallshopClient;
  readonly imports: LocalImports;
}

export interface Wanted {
  readonly tariffId: string;
  readonly file: File;
  readonly choice: ImportChoice;
  /** Answers and corrections, as JSON; null if there are none yet. */
  readonly mapping: string | null;
}

type State = ImportFieldsFragment['state'];

/** States in which the subscription to an import ends. */
export const ENDED: ReadonlySet<State> = new Set<State>(['CHECKED', 'DONE', 'FAILED', 'CANCELED']);

/** Creates an import that only checks the file. The upload continues after this function has returned, even while other screens are shown. */
export async function begin(place: Place, { tariffId, file, choice, mapping }: Wanted, idempotencyKey: string): Promise<void> {
  const { client, imports } = place;
  const made = await client.request(CreateImportDocument, { input: { ...choice, tariffId, mapping, dryRun: true, idempotencyKey } });
  const { import: job } = made.createTariffImport;
  if (job === null) return;
  imports.change(job.id, { file, choice });
  imports.show(tariffId, job.id);
  if (job.uploadUrl !== null) void sendFile(place, job.id, file, job.uploadUrl);
}

/** Uploads the file of an import, and records how the upload ended. */
export async function sendFile({ client, imports }: Place, importId: string, file: File, uploadUrl: string): Promise<void> {
  imports.change(importId, { file, upload: 'running' });
  try {
    await client.upload(uploadUrl, file);
    imports.change(importId, { upload: 'done' });
  } catch (cause) {
    imports.change(importId, { upload: asError(cause) });
  }
}
