/** The value at a path of names in a response. Fails if there is no value. */
export function dig(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    found = typeof found === 'object' && found !== null ? Object.getOwnPropertyDescriptor(found, name)?.value : undefined;
  }
  if (found === undefined || found === null) throw new Error(`No ${path.join('.')} in ${JSON.stringify(value)}`);
  return found;
}

/** The text at a path. */
export function text(value: unknown, ...path: readonly string[]): string {
  return String(dig(value, ...path));
}

/** The list at a path. */
export function list(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = dig(value, ...path);
  if (!Array.isArray(found)) throw new Error(`${path.join('.')} is no list.`);
  return found;
}
