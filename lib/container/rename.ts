import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { replaceFile } from '../fs/replace.ts'
import type { Plan } from '../runtime/plan.ts'
import { type Container, readContainer } from './catalog.ts'
import { recordContainerEvent } from './events.ts'
import { claimName, nameClaim, parseName, releaseName } from './names.ts'

/**
 * Gives a container another name. The new one is claimed first and the old one given back last, so that at no time somebody
 * else can have either. Throws `bad-input`, `conflict`.
 */
export function renameContainer(
  engine: Engine,
  { record, directory }: Container,
  text: string,
): void {
  const { data } = engine.paths
  const { id, name: old } = record
  const name = checkNewName(text)
  if (name === old) {
    throw new LighterError(
      'bad-input',
      'Renaming a container with the same name as its current name',
    )
  }
  try {
    claimName(data, name, id)
  } catch (error) {
    if (error instanceof LighterError) throw allocationError(error)
    throw error
  }
  const current = readContainer(data, id)
  try {
    if (current?.record.name !== old)
      throw new LighterError('no-such-container', `No such container: ${id}`)
    const changed = { ...current.record, name }
    replaceFile(join(directory, 'container.json'), `${JSON.stringify(changed)}\n`, true)
  } catch (error) {
    releaseName(data, name, id)
    throw error
  }
  renameInPlan(directory, nameClaim(data, name))
  releaseName(data, old, id)
  recordContainerEvent(data, { ...record, name }, 'rename', { oldName: `/${old}` })
}

const MAX_PLAN = 1024 * 1024

/** The monitor reads it again for what it tells of the container, and when it removes it. */
function renameInPlan(directory: string, claim: string): void {
  const path = join(directory, 'plan.json')
  const plan = parseJson(readSmallFile(path, MAX_PLAN)) as Partial<Plan> | undefined
  if (plan) replaceFile(path, JSON.stringify({ ...plan, nameClaim: claim }))
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
