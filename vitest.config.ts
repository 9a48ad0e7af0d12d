import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Each file in a process of its own: tests kill, fork and exhaust, and none may disturb its neighbour.
    pool: 'forks',
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**', 'test/bench/**'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 5_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
