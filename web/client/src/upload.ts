import { CallshopError, TransportCode, errorOf, isRecord } from './errors.js';
import { answerHeaders, codeOf, parse, type Endpoint } from './http.js';

/**
 * Sends a file to an address that the API gave, such as `TariffImport.uploadUrl`. The address is signed, so the request has no token. Throws a
 * {@link CallshopError}, or the signal's reason if the signal is aborted. There is no timeout, because a large file may need many minutes.
 */
export async function put(endpoint: Endpoint, uploadUrl: string, file: Blob, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  let response: Response;
  let text: string;
  try {
    response = await endpoint.fetch(absolute(endpoint.url, uploadUrl), {
      method: 'PUT',
      body: file,
      headers: endpoint.locale === undefined ? {} : { 'accept-language': endpoint.locale() },
      ...(signal === undefined ? {} : { signal }),
    });
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    throw new CallshopError(TransportCode.NETWORK, 'The file did not reach the server. Check the network, and that the file still exists.', { cause: error });
  }
  if (response.ok) {
    return;
  }
  const body = parse(text);
  const headers = answerHeaders(response);
  const error = isRecord(body) ? errorOf(body.errors, headers) : null;
  throw error ?? new CallshopError(codeOf(response.status), `The server refused the file (HTTP ${response.status}).`, headers);
}

/** Makes an upload address absolute. The API's address is relative to the API's server, which is not the page's own server if `url` is absolute. */
function absolute(url: string, uploadUrl: string): string {
  const page = typeof location === 'undefined' ? undefined : location.href;
  return new URL(uploadUrl, new URL(url, page)).href;
}
