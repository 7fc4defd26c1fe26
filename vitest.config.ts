import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '.pack/**', 'reports/runs/**', 'clients/**'],
    testTimeout: 20_000,
  },
});
