import { runnablePlatforms } from '../../lib/build/platforms.ts'
import { compatible } from '../../lib/core/build-info.ts'
import type { Engine } from '../../lib/engine.ts'
import type { BuildkitVersion, WorkerRecord } from './wire/types.ts'

/** What builds, as BuildKit's clients list it: this program, and the version of BuildKit that it is like. */
export const workerVersion = (): BuildkitVersion => ({
  package: 'lighter',
  version: compatible.buildkit,
  revision: '',
})

/** The only worker. That it has a snapshotter tells clients that it can export archives and caches. */
export async function workerRecord(engine: Engine): Promise<WorkerRecord> {
  const { driver } = await engine.storage()
  return {
    id: 'lighter',
    labels: {
      'org.mobyproject.buildkit.worker.executor': 'lighter',
      'org.mobyproject.buildkit.worker.snapshotter': driver,
    },
    platforms: runnablePlatforms().map((platform) => {
      const [os = '', architecture = '', variant = ''] = platform.split('/')
      return { os, architecture, variant }
    }),
    buildkitVersion: workerVersion(),
  }
}
