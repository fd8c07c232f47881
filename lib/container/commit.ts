import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import type { Engine } from '../engine.ts'
import { applyChanges, type ImageSettings } from '../image/changes.ts'
import { getImage, type Image } from '../image/find.ts'
import { makeImage } from '../image/make.ts'
import { familiarReference, parseReference } from '../oci/reference.ts'
import { checkedOutput, endOfReading } from '../runtime/checked-output.ts'
import { viewArguments } from '../runtime/view.ts'
import type { Container } from './catalog.ts'
import { changedSettings, fillSettings } from './commit-settings.ts'
import { recordContainerEvent } from './events.ts'
import { inspectConfig } from './inspect.ts'
import { readState } from './state.ts'
import { planView } from './view.ts'

export interface CommitOptions {
  author: string
  comment: string
  changes: string[]
  /** In place of the container's own settings, which fill what is missing here. */
  config?: ImageSettings | undefined
  /** Whether a running container stands still while its files are read. */
  pause: boolean
  /** In its full form. */
  reference: string | undefined
}

/** Makes an image of what a container changed. Returns its id. */
export async function commitContainer(
  engine: Engine,
  container: Container,
  options: CommitOptions,
): Promise<Digest> {
  const { record } = container
  const parent = getImage(engine, record.imageId)
  const own = settingsOf(container, parent)
  const config = options.config
    ? fillSettings(applyChanges(options.config, options.changes), own)
    : changedSettings(own, options.changes)
  const { author, comment, reference } = options
  const view = await planView(engine, container)
  const resume = options.pause ? await standStill(engine, container) : undefined
  const child = lazyChildProcess().spawn(
    engine.native().program,
    ['commit', ...viewArguments(view)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const ended = endOfReading(child, view).finally(resume)
  const id = await makeImage(engine, {
    parent,
    archive: checkedOutput(child.stdout, ended),
    config,
    members: membersOf(parent),
    history: { createdBy: (record.config.cmd ?? []).join(' '), comment, author },
    reference,
  })
  const imageRef = reference === undefined ? '' : familiarReference(parseReference(reference))
  const more = { comment, imageID: id, imageRef }
  recordContainerEvent(engine.paths.data, record, 'commit', more)
  return id
}

/**
 * Pauses a running container; returns what lets it go on. Where the host has no way to pause one, its files are read as they are:
 * so are those of a container that stops meanwhile.
 */
async function standStill(
  engine: Engine,
  container: Container,
): Promise<(() => Promise<void>) | undefined> {
  const state = readState(container.directory)
  if (state.status !== 'running' || state.paused) return undefined
  const { pauseContainer, unpauseContainer } = await import('./pause.ts')
  const isHarmless = (error: unknown): boolean =>
    error instanceof LighterError &&
    ['unsupported', 'not-running', 'no-such-container', 'conflict'].includes(error.code)
  try {
    await pauseContainer(engine.paths, container)
  } catch (error) {
    if (isHarmless(error)) return undefined
    throw error
  }
  return () =>
    unpauseContainer(engine.paths, container).catch((error: unknown) => {
      if (!isHarmless(error)) throw error
    })
}

/** The settings of the container; of the image only what a container does not keep. */
function settingsOf({ record }: Container, { config }: Image): ImageSettings {
  const own = inspectConfig(record) as ImageSettings
  const { Healthcheck, Shell } = (config.raw.config ?? {}) as ImageSettings
  const settings: ImageSettings = {
    ...(Healthcheck === undefined ? {} : { Healthcheck }),
    ...(Shell === undefined ? {} : { Shell }),
    ...own,
  }
  delete settings.StopTimeout
  return settings
}

function membersOf({ config }: Image): Record<string, unknown> {
  const { os, architecture, variant } = config.platform
  return { architecture, os, ...(variant === '' ? {} : { variant }) }
}
