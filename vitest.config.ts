import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { portolan } from './servers/compile/vite.ts';

export default defineConfig({
  plugins: [portolan()],
  // Programs name the runtime as their users do; here it is not built.
  resolve: { alias: { 'portolan/resumable': fileURLToPath(new URL('kernel/resumable/index.ts', import.meta.url)) } },
  test: {
    // Each file in a process of its own: tests kill, fork and exhaust, and none may disturb its neighbour.
    pool: 'forks',
    setupFiles: ['test/support/seed.ts'],
    // By default one processor is left idle.
    maxWorkers: '100%',
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**', 'test/bench/**'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 5_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
