import { DockerfileError } from '../../dockerfile/errors.ts'
import { MAX_LAYERS } from '../../oci/image.ts'
import type { Step } from '../graph.ts'

/** Throws `DockerfileError` for a root filesystem of more layers than can be mounted: nobody could run that image, or read it here. */
export function checkLayers(count: number, { location }: Step): void {
  if (count > MAX_LAYERS) throw new DockerfileError('max depth exceeded', location)
}
