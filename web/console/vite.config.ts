import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin, type Rollup } from 'vite';

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The server whose API the page uses during development. */
const api = process.env.CALLSHOP_API ?? 'http://127.0.0.1:8080';

const LANGUAGES = ['pt-BR', 'en-US', 'es-ES'];

/** Drops React Aria's texts in all languages but the page's three. React Aria supports more than thirty languages. */
function fewerLanguages(): Plugin {
  return {
    name: 'fewer-languages',
    enforce: 'pre',
    load(id) {
      const language = /\/react-(?:aria|stately|aria-components)\/dist\/(?:private\/)?intl\/[\w-]+\/([a-z]{2}-[A-Z]{2})\.m?js/.exec(id)?.[1];
      return language === undefined || LANGUAGES.includes(language) ? null : 'export default {};';
    },
  };
}

/** The modules that a page loads immediately: its first module, and all static imports. */
function loadedBy(first: string, infoOf: Rollup.GetModuleInfo): ReadonlySet<string> {
  const found = new Set<string>();
  const queue = [first];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    queue.push(...(infoOf(id)?.importedIds ?? []));
  }
  return found;
}

/**
 * Puts the modules of the first view into two chunks: those that the customer's screen needs as well, and the others. Without this function, Rollup
 * merges small chunks of later screens into the first view.
 */
function firstViewChunks(): Rollup.ManualChunksOption {
  const pages = ['src/main.tsx', 'src/screen/main.tsx'].map(page);
  let loaded: readonly ReadonlySet<string>[] | null = null;
  return (id, { getModuleInfo }) => {
    loaded ??= pages.map((first) => loadedBy(first, getModuleInfo));
    const [inConsole, inScreen] = loaded.map((modules) => modules.has(id));
    if (inConsole !== true || pages.includes(id)) return undefined;
    return inScreen === true ? 'base' : 'first';
  };
}

export default defineConfig({
  base: './',
  plugins: [fewerLanguages()],
  resolve: { alias: { '@callshop/client': fileURLToPath(new URL('../client/src/index.ts', import.meta.url)) } },
  esbuild: { jsx: 'automatic' },
  build: {
    target: 'es2022',
    sourcemap: false,
    // merge small chunks, because loading many tiny files takes more time than it saves
    rollupOptions: {
      // the console, and the screen of a cabin's customer
      input: { index: page('index.html'), screen: page('screen.html') },
      output: { experimentalMinChunkSize: 8_000, manualChunks: firstViewChunks() },
    },
    // a style or picture that is inlined as a data: address would break the content security policy
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/graphql': { target: api, ws: true }, '/tariff-imports': { target: api }, '/export': { target: api } } },
});
