import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { LANES } from './helpers/test-user.ts'

/**
 * Files whose tests are for each of `inject('who')`. Those of the user run beside other files; those of root, whose containers have
 * one place on a machine, one at a time.
 */
const OF_EACH = [
  'crash',
  'few-files',
  'lifecycle',
  'main-job',
  'run',
  'runtime',
  'suspended',
  'volume-plugins',
].map((name) => `test/e2e/${name}.test.ts`)

/** Other files with containers of root: one at a time. So are the peers but for builds: theirs run side by side. */
const ALONE = ['test/e2e/image-stores.test.ts', 'test/e2e/image-stores-apart.test.ts']

/** Short files that take long: the last ones to begin would leave a lane without work. */
const LONG = [
  'peers/build/build',
  'peers/api/api',
  'clients/docker-cli',
  'clients/compose',
  'e2e/build',
  'e2e/check-unreadable',
  'e2e/killed-work',
  'e2e/build-faults',
].map((name) => `/test/${name}.test.ts`)

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((name) => moduleId.endsWith(name))
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

/** Vitest's own sequencer shuffles, where it is told to. */
const isShuffled = process.argv.some((word) => word.startsWith('--sequence.shuffle'))

const withContainers = {
  globalSetup: ['test/helpers/global-setup.ts'],
  testTimeout: 120_000,
  hookTimeout: 300_000,
  // As long as `until` waits: a second is little on a busy machine.
  expect: { poll: { timeout: 60_000 } },
}

export default defineConfig({
  // Root and others run the tests from one clone: nothing is written into it.
  cacheDir: join(tmpdir(), `lighter-vitest-${process.getuid?.() ?? 0}`),
  test: {
    root: new URL('..', import.meta.url).pathname,
    ...(isShuffled ? {} : { sequence: { sequencer: LongFirst } }),
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
            'test/peers/api/**/*.test.ts',
            'test/clients/**/*.test.ts',
          ],
          exclude: ALONE,
          // Most of them wait half of their time. Each lane has a user of its own: some tests end all of its processes.
          maxWorkers: LANES,
          sequence: { groupOrder: 1 },
          provide: { lanes: LANES, who: ['user'] },
        },
      },
      {
        extends: true,
        test: {
          ...withContainers,
          name: 'alone',
          include: [...ALONE, ...OF_EACH, 'test/peers/**/*.test.ts'],
          exclude: ['test/peers/build/**', 'test/peers/api/**'],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          provide: { lanes: 1, who: ['root'] },
        },
      },
    ],
  },
})
