import { defineConfig } from 'vitest/config';

// Browser tests against the real server. The tests need CALLSHOP_TEST_SERVER and a build in dist, and run in one browser at a time.
export default defineConfig({
  test: {
    name: 'console-e2e',
    environment: 'node',
    include: ['e2e/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
