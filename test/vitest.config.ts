import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Root and others run the tests from one clone: nothing is written into it.
  cacheDir: join(tmpdir(), `lighter-vitest-${process.getuid?.() ?? 0}`),
  test: {
    root: new URL('..', import.meta.url).pathname,
    reporters: ['default', new URL('helpers/summary-reporter.ts', import.meta.url).pathname],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/architecture.test.ts'],
          // Some start programs, which takes its time on a busy machine.
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: [
            'test/integration/**/*.test.ts',
            'test/e2e/**/*.test.ts',
            'test/peers/**/*.test.ts',
          ],
          globalSetup: ['test/helpers/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          // The test user is one: some tests end all of its processes, and all want an idle machine.
          fileParallelism: false,
        },
      },
    ],
  },
})
