import { existsSync } from 'node:fs'
import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import type { Container } from './catalog.ts'
import { changeContainer, changePlan, type HeldContainer } from './change.ts'
import { recordContainerEvent } from './events.ts'
import { claimName, nameClaim, parseName, releaseName } from './names.ts'

/**
 * Gives a container another name. The new one is claimed first and the old one given back last, so that at no time somebody
 * else can have either. Throws `bad-input`, `conflict`.
 */
export async function renameContainer(
  engine: Engine,
  container: Container,
  text: string,
): Promise<void> {
  const name = checkNewName(text)
  await changeContainer(engine, container, async (held) => rename(engine, held, name))
}

async function rename(engine: Engine, held: HeldContainer, name: string): Promise<void> {
  const { data } = engine.paths
  const { record, directory } = held
  if (name === record.name) {
    throw new LighterError(
      'bad-input',
      'Renaming a container with the same name as its current name',
    )
  }
  try {
    claimName(data, name, record.id)
  } catch (error) {
    if (error instanceof LighterError) throw allocationError(error)
    throw error
  }
  try {
    held.save({ ...record, name })
  } catch (error) {
    releaseName(data, name, record.id)
    throw error
  }
  try {
    await held.settled()
    changePlan(directory, { nameClaim: nameClaim(data, name) })
    if (record.networks) {
      const { announceNames } = await import('./connect.ts')
      await announceNames(engine.paths, { ...held, record: { ...record, name } })
    }
  } finally {
    // The record has the new name, whatever else went wrong.
    releaseName(data, record.name, record.id)
    // Removed meanwhile, by somebody who knew the old one only.
    if (!existsSync(directory)) releaseName(data, name, record.id)
  }
  recordContainerEvent(data, { ...record, name }, 'rename', { oldName: `/${record.name}` })
}

/** Docker shows the name that it would have had, slash and all. */
function checkNewName(text: string): string {
  try {
    return parseName(text)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    const shown = text.startsWith('/') ? text : `/${text}`
    throw allocationError(
      new LighterError(
        error.code,
        error.message.replace(`(${text})`, () => `(${shown})`),
      ),
    )
  }
}

const allocationError = (error: LighterError): LighterError =>
  new LighterError(error.code, `Error when allocating new name: ${error.message}`, { cause: error })
