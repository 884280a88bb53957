import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const server = process.env.CALLSHOP_SERVER ?? 'http://127.0.0.1:8080';
const own = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Replaces the file through which GraphiQL loads nearly the whole editor. The replacement loads only the parts that the page uses. */
function leanMonaco(): Plugin {
  return {
    name: 'lean-monaco',
    enforce: 'pre',
    load: (id) =>
      id.endsWith('/monaco-graphql/esm/monaco-editor.js') ? `export * from ${JSON.stringify(own('src/monaco.ts'))};` : null,
  };
}

export default defineConfig({
  base: '/explorer/',
  plugins: [leanMonaco()],
  esbuild: { jsx: 'automatic' },
  resolve: {
    alias: {
      'prettier/plugins/estree': own('src/jsonFormat.ts'),
      'prettier/parser-babel': own('src/jsonFormat.ts'),
    },
  },
  build: {
    target: 'es2022',
    // every browser that can run this page supports module preloading
    modulePreload: { polyfill: false },
    // keep fonts as files, so that the page's policy needs no `font-src data:`
    assetsInlineLimit: 0,
    // the editor is one large chunk, which is loaded after the page is drawn
    chunkSizeWarningLimit: 3000,
    rollupOptions: {
      // ignore the packages' directives for React's server components, which this page does not use
      onwarn: (warning, warn) => {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') {
          warn(warning);
        }
      },
    },
  },
  worker: { format: 'es' },
  server: { proxy: { '/graphql': { target: server, ws: true } } },
});
