import type { OnPushed } from '../../lib/image/push-layers.ts'
import { type LayerEvent, showLayers } from './progress.ts'

/** Shows a push: each tag's layers, then its digest. */
export function showPush(stream: NodeJS.WriteStream): OnPushed {
  const print = (line: string): void => void stream.write(`${line}\n`)
  let layers: ((event: LayerEvent) => void) | undefined
  return (event) => {
    if (event.type === 'start') print(`The push refers to repository [${event.repository}]`)
    else if (event.type === 'layer') {
      layers ??= showLayers(stream)
      layers(event)
    } else {
      // The rows of the next tag are its own.
      layers = undefined
      print(`${event.tag}: digest: ${event.digest} size: ${event.size}`)
    }
  }
}
