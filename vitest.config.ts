import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '.pack/**', 'reports/runs/**', 'clients/**'],
    testTimeout: 20_000,
    // Many tests start processes, and one that is starved of a core can miss a deadline once. What fails twice is wrong.
    retry: process.env.CI === 'true' ? 1 : 0,
    globalSetup: 'scripts/vitest-tmp.ts',
    // By default one fewer than there are cores; the tests of the command line wait for other processes most of the time. On two
    // cores three take 287 s where two take 334.
    maxWorkers: 3,
  },
});
