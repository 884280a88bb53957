/** A mapping without fields, which answers no questions. */
export const NO_ANSWERS = '{}';

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function read(json: string): Fields {
  const value: unknown = JSON.parse(json);
  return isFields(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** Joins two maps, such as the roles of columns. Columns that either mapping ignores are ignored. */
function joined(earlier: Fields, later: Fields): Fields {
  const both = { ...earlier, ...later };
  const ignored = [...new Set([...listOf(earlier.ignore), ...listOf(later.ignore)])];
  return ignored.length === 0 ? both : { ...both, ignore: ignored };
}

/** Joins two mappings, given as JSON, as the server does: the later mapping wins, and nested maps are joined. */
export function mergeMappings(earlier: string, later: string): string {
  const result = read(earlier);
  for (const [name, value] of Object.entries(read(later))) {
    const former = result[name];
    result[name] = isFields(former) && isFields(value) ? joined(former, value) : value;
  }
  return JSON.stringify(result);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));
}

/** The mapping with its fields in alphabetical order, so that equal mappings have equal texts. With `indent`, the text is easier to read. */
export function sortedMapping(json: string, indent = 0): string {
  return JSON.stringify(sorted(read(json)), null, indent);
}
