const watched = new Set<string>();

/** Marks an object as shown on the page, so that an event about the object needs no notice. Returns a function that removes the mark. */
export function watch(id: string): () => void {
  watched.add(id);
  return () => {
    watched.delete(id);
  };
}

export function isWatched(id: string): boolean {
  return watched.has(id);
}
