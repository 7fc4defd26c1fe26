import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '.pack/**', 'reports/runs/**', 'clients/**'],
    // Ends what hangs. Nothing comes near it; a machine that has much else to do is no reason to fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Files share their workers, and with them what they import: reading it anew for each was half the processor time of most.
    // Whoever changes what others see of a module, of the environment or of the clock puts it back.
    isolate: false,
    globalSetup: 'scripts/vitest-tmp.ts',
    // By default one fewer than there are cores; the tests of the command line wait for other processes most of the time. On two
    // cores three take 287 s where two take 334.
    maxWorkers: 3,
  },
});
