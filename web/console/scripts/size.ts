// Prints the compressed size of the files that the first view (login and board) loads, and fails if the size exceeds the budget. Run this after the
// build.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';

const BUDGET_BYTES = 140_000;
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const text = (file: string) => readFileSync(`${dist}${file}`, 'utf8');

/** Files that a page loads immediately: those that index.html names, and their static imports. */
function firstView(): ReadonlySet<string> {
  const files = new Set<string>();
  const queue = Array.from(text('index.html').matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.(?:js|css))"/g), ([, file]) => file ?? '');
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    if (!file.endsWith('.js')) continue;
    const imports = text(file).matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g);
    for (const [, name] of imports) queue.push(`assets/${name ?? ''}`);
  }
  return files;
}

let total = 0;
for (const file of [...firstView()].sort()) {
  const size = gzipSync(text(file)).length;
  total += size;
  console.log(`${size.toString().padStart(7)}  ${file}`);
}
console.log(`${total.toString().padStart(7)}  bytes compressed of ${BUDGET_BYTES}`);
if (total > BUDGET_BYTES) process.exitCode = 1;
