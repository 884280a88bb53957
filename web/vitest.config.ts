import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// A hook or a test may wait this long (ms): the first one of a file loads its modules, which takes many seconds on a busy machine.
const patience = { testTimeout: 30_000, hookTimeout: 30_000 };

// Tests run on the sources, so no build is needed first.
const alias = { '@callshop/client': fileURLToPath(new URL('client/src/index.ts', import.meta.url)) };

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: { ...patience, name: 'client', environment: 'node', include: ['client/test/**/*.test.ts'] },
      },
      {
        resolve: { alias },
        test: {
          ...patience,
          name: 'console',
          environment: 'happy-dom',
          include: ['console/{src,test}/**/*.test.{ts,tsx}'],
        },
      },
      {
        resolve: { alias },
        test: {
          ...patience,
          name: 'explorer',
          environment: 'happy-dom',
          include: ['explorer/{src,test}/**/*.test.{ts,tsx}'],
        },
      },
    ],
  },
});
