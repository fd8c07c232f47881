import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LANES } from './helpers/test-user.ts'

/** Files with containers of root, which have one place on a machine: one at a time. So are the peers but for builds: theirs run side by side. */
const ALONE = [
  'crash',
  'few-files',
  'image-stores',
  'image-stores-apart',
  'lifecycle',
  'run',
  'runtime',
  'suspended',
  'terminal',
  'volume-plugins',
].map((name) => `test/e2e/${name}.test.ts`)

const withContainers = {
  globalSetup: ['test/helpers/global-setup.ts'],
  testTimeout: 120_000,
  hookTimeout: 300_000,
}

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
          ...withContainers,
          name: 'e2e',
          include: [
            'test/integration/**/*.test.ts',
            'test/e2e/**/*.test.ts',
            'test/peers/build/**/*.test.ts',
            'test/clients/**/*.test.ts',
          ],
          exclude: ALONE,
          // Most of them wait half of their time. Each lane has a user of its own: some tests end all of its processes.
          maxWorkers: LANES,
          sequence: { groupOrder: 1 },
          provide: { lanes: LANES },
        },
      },
      {
        extends: true,
        test: {
          ...withContainers,
          name: 'alone',
          include: [...ALONE, 'test/peers/**/*.test.ts'],
          exclude: ['test/peers/build/**'],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          provide: { lanes: 1 },
        },
      },
    ],
  },
})
