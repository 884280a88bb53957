import { defineConfig } from 'vitest/config';

// The tests need a build of the page, Chromium, and CALLSHOP_TEST_SERVER: the path of the `callshop` program.
export default defineConfig({
  test: {
    environment: 'node',
    include: ['e2e/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
