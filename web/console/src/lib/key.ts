/**
 * A key that lets the server recognize a repeated request. `crypto.randomUUID` is not available to pages over plain HTTP, and shops in a local
 * network use plain HTTP.
 */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
