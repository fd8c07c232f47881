import { join } from 'node:path'
import { openFilesLimit } from '../../container/open-files.ts'
import type { ContainerRecord } from '../../container/record.ts'
import { FILES_OF_NAMES } from '../../container/spec/mounts.ts'
import { buildSpec } from '../../container/spec/spec.ts'
import type { Engine } from '../../engine.ts'
import type { RuntimeSpec, SpecMount } from '../../oci/runtime-spec.ts'

/** The files that say whom a step can ask, which are mounted there; unlike a container it has no /etc/hostname. */
export const STEP_FILES = FILES_OF_NAMES.filter(([name]) => name !== 'hostname')

const CLOSED = ['ro', 'nosuid', 'nodev', 'noexec']

/** The bundle's config.json of a step: that of a container, with the mounts of the step after all others. */
export function stepSpec(
  engine: Engine,
  record: ContainerRecord,
  directory: string,
  mounts: readonly SpecMount[],
): RuntimeSpec {
  const spec = buildSpec(record, {
    data: engine.paths.data,
    directory,
    files: directory,
    nativeProgram: engine.native().program,
    idMap: engine.idMap(),
    openFiles: openFilesLimit(),
    shared: {},
    edits: undefined,
  })
  const own = new Set<string>(FILES_OF_NAMES.map(([, destination]) => destination))
  const files = STEP_FILES.map(([name, destination]) => ({
    destination,
    type: 'bind',
    source: join(directory, name),
    options: ['rbind', 'rprivate', ...CLOSED],
  }))
  return {
    ...spec,
    mounts: [
      ...spec.mounts.filter(({ destination }) => !own.has(destination)),
      ...files,
      ...mounts,
    ],
  }
}
