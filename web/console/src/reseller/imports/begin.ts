import type { CallshopClient } from '@callshop/client';
import type { BegunImport, BegunImports } from '../../app/begunImports.js';
import { asError } from '../../app/errors.js';
import { CreateImportDocument } from '../generated.js';
import { NO_ANSWERS } from './mapping.js';

export interface Place {
  readonly client: CallshopClient;
  readonly imports: BegunImports;
  readonly tariffId: string;
}

export interface Wanted extends Pick<BegunImport, 'file' | 'choice' | 'mapping'> {
  readonly dryRun: boolean;
}

/** Creates an import. The upload of its file goes on after this function has returned, also while other screens are shown. */
export async function begin(place: Place, { file, choice, mapping, dryRun }: Wanted, idempotencyKey: string): Promise<void> {
  const { client, imports, tariffId } = place;
  const answers = mapping === NO_ANSWERS ? null : mapping;
  const made = await client.request(CreateImportDocument, { input: { ...choice, tariffId, mapping: answers, dryRun, idempotencyKey } });
  const { import: job } = made.createTariffImport;
  if (job === null) return;
  const { id, uploadUrl } = job;
  imports.change(tariffId, () => ({ id, file, choice, mapping, upload: 'done' }));
  if (uploadUrl !== null) void sendFile(place, { id, file }, uploadUrl);
}

/** Uploads the file of an import, and records how the upload ended. */
export async function sendFile({ client, imports, tariffId }: Place, { id, file }: Pick<BegunImport, 'id' | 'file'>, uploadUrl: string): Promise<void> {
  const record = (upload: BegunImport['upload']): void => {
    imports.change(tariffId, (former) => (former?.id === id ? { ...former, upload } : former));
  };
  record('running');
  try {
    await client.upload(uploadUrl, file);
    record('done');
  } catch (cause) {
    record(asError(cause));
  }
}
