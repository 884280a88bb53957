import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Some tests need a build of the site, Chromium, and CALLSHOP_TEST_SERVER: the path of the `callshop` program.
export default defineConfig({
  resolve: { alias: { '@callshop/client': fileURLToPath(new URL('../client/src/index.ts', import.meta.url)) } },
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
