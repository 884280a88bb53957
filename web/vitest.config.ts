import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Tests run on the sources: no build comes first.
const alias = { '@callshop/client': fileURLToPath(new URL('client/src/index.ts', import.meta.url)) };

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        // real connections and real pauses, also on a busy machine
        test: { name: 'client', environment: 'node', include: ['client/test/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        resolve: { alias },
        test: {
          name: 'console',
          environment: 'happy-dom',
          testTimeout: 30_000,
          include: ['console/{src,test}/**/*.test.{ts,tsx}'],
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'explorer',
          environment: 'happy-dom',
          testTimeout: 30_000,
          include: ['explorer/{src,test}/**/*.test.{ts,tsx}'],
        },
      },
    ],
  },
});
