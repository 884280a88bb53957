/**
 * A key that lets the server recognize a repeated request. `crypto.randomUUID` is not available to pages over plain HTTP, which shops in a local
 * network use.
 */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
