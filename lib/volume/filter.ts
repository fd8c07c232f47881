import { parseDangling } from '../core/dangling.ts'
import { LighterError } from '../core/errors.ts'
import { matchesLabels } from '../core/labels.ts'
import { patternTest } from '../core/patterns.ts'
import { volumeLabels } from './inspect.ts'
import type { VolumeRecord } from './volume.ts'

/**
 * The volumes that pass all filters of Docker's `volume ls`; the values by the name of the filter. `isUsed`: whether any container
 * has it. Throws `bad-input`.
 */
export function filterVolumes(
  volumes: readonly VolumeRecord[],
  filters: ReadonlyMap<string, readonly string[]>,
  isUsed: (name: string) => boolean,
): VolumeRecord[] {
  const tests = [...filters].map(([name, values]) => makeTest(name, values, isUsed))
  return volumes.filter((volume) => tests.every((test) => test(volume)))
}

function makeTest(
  filter: string,
  values: readonly string[],
  isUsed: (name: string) => boolean,
): (volume: VolumeRecord) => boolean {
  switch (filter) {
    case 'name': {
      const matches = patternTest(values)
      return ({ name }) => matches(name)
    }
    case 'driver':
      return ({ driver = 'local' }) => values.includes(driver)
    case 'label':
      return (volume) => matchesLabels(values, volumeLabels(volume))
    case 'dangling': {
      const dangling = parseDangling(values)
      return ({ name }) => isUsed(name) !== dangling
    }
    default:
      throw new LighterError('bad-input', `invalid filter '${filter}'`)
  }
}
