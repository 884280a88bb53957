import { defineConfig } from 'vitest/config';

// Browser tests against the real server. They need CALLSHOP_TEST_SERVER and a build in dist. One browser at a time.
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
