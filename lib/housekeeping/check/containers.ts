import { existsSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { collectAbandoned } from '../../container/abandoned.ts'
import {
  type Container,
  containerDirectory,
  readContainer,
  withState,
} from '../../container/catalog.ts'
import { isAbandoned } from '../../container/condition.ts'
import { claimName, findNameOwner, freeStaleName, isStaleName } from '../../container/names.ts'
import { removeContainer, removeDamaged } from '../../container/remove.ts'
import { isLive, readState } from '../../container/state.ts'
import { LighterError } from '../../core/errors.ts'
import { shortId } from '../../core/ids.ts'
import { listNames } from '../../fs/drafts.ts'
import { parseJson, readSmallText } from '../../fs/read.ts'
import { runsAfterAll } from '../../image/layer-users.ts'
import { readVolume } from '../../volume/volume.ts'
import { type Check, guard, persists } from './finding.ts'

const MAX_STATE = 64 * 1024

/**
 * Whether containers have their records, names, layers and volumes. `lost`: names of layers that are damaged and stay so. With `force`
 * a container that does not run and cannot be mended is removed.
 */
export async function checkContainers(check: Check, lost: ReadonlySet<string>): Promise<void> {
  const { data } = check.engine.paths
  for (const id of listNames(join(data, 'containers'))) {
    await guard(check, { kind: 'container', id: shortId(id) }, () =>
      checkContainer(check, id, lost),
    )
  }
  for (const name of listNames(join(data, 'names')))
    await guard(check, { kind: 'name', id: name }, () => checkStaleName(check, name))
}

async function checkContainer(check: Check, id: string, lost: ReadonlySet<string>): Promise<void> {
  const container = readContainer(check.engine.paths.data, id)
  if (!container) return await checkDamaged(check, id)
  if (await checkAbandoned(check, container)) return
  if (!(await checkState(check, container))) return
  if (!(await checkLayersOf(check, container, lost))) return
  await checkName(check, container)
  await checkVolumesOf(check, container)
}

async function checkDamaged(check: Check, id: string): Promise<void> {
  const { data } = check.engine.paths
  const directory = containerDirectory(data, id)
  const isWrong = () => existsSync(directory) && !readContainer(data, id)
  if (!(await persists(isWrong))) return
  const remove = check.repair && check.force && !(await runsAfterAll(check.engine, id))
  if (remove) await removeDamaged(check.engine, id)
  check.report({
    kind: 'container',
    id: shortId(id),
    outcome: remove ? 'mended' : 'damaged',
    problem: 'its record is damaged',
    advice: remove ? 'removed' : `'rm -f ${shortId(id)}' or --repair --force removes it`,
  })
}

/** Whether it is one of `--rm` that who should have removed it did not live to: garbage, whatever else is wrong with it. */
async function checkAbandoned(check: Check, container: Container): Promise<boolean> {
  const find = () => {
    if (isTooLarge(join(container.directory, 'state.json'))) return undefined
    const now = withState(container)
    return now && isAbandoned(now) ? now : undefined
  }
  if (!(await persists(() => find() !== undefined))) return false
  if (await runsAfterAll(check.engine, container.record.id)) return false
  const found = find()
  if (check.repair && found) await collectAbandoned(check.engine, [found])
  check.report({
    kind: 'container',
    id: container.record.name,
    outcome: check.repair ? 'removed' : 'leftover',
    problem: 'it should have been removed at its end',
    advice: check.repair ? 'removed' : "the next 'ps' removes it",
  })
  return true
}

/** A state that a power cut tore reads as none; without the file the container is one that never ran. Whether it is still there. */
async function checkState(check: Check, { record, directory }: Container): Promise<boolean> {
  const path = join(directory, 'state.json')
  if (await persists(() => isDamagedState(path))) {
    const running = await runsAfterAll(check.engine, record.id)
    const mend = check.repair && !running
    if (mend) rmSync(path, { force: true, recursive: true })
    check.report({
      kind: 'container',
      id: record.name,
      outcome: mend ? 'mended' : 'damaged',
      problem: 'its state is damaged',
      advice: mend
        ? 'forgotten: it can be started'
        : running
          ? 'it runs: what happens to it next is recorded anew'
          : '--repair forgets it',
    })
  }
  return existsSync(directory)
}

const isTooLarge = (path: string): boolean =>
  (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_STATE

function isDamagedState(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false })
  if (!status) return false
  if (!status.isFile() || isTooLarge(path)) return true
  const text = readSmallText(path, MAX_STATE)
  const state = parseJson(text)
  return text !== undefined && (typeof state !== 'object' || state === null)
}

/** Whether it stays. */
async function checkLayersOf(
  check: Check,
  container: Container,
  lost: ReadonlySet<string>,
): Promise<boolean> {
  const { record, directory } = container
  const bad = record.layers.find((layer) => lost.has(layer))
  if (bad === undefined || !existsSync(directory)) return true
  const problem = `its layer sha256:${bad} is missing or damaged`
  const running = isLive(readState(directory))
  const wish = check.repair && check.force
  const removed = wish && !running && (await remove(check, container))
  check.report({
    kind: 'container',
    id: record.name,
    outcome: removed ? 'mended' : 'damaged',
    problem,
    advice: removed
      ? 'removed'
      : running
        ? 'it runs: stop it first'
        : `'pull ${record.image}' may bring the layer back, --repair --force removes the container`,
  })
  return !removed
}

/** Whether it is gone; somebody may have started it. */
async function remove(check: Check, container: Container): Promise<boolean> {
  try {
    await removeContainer(check.engine, container, { force: false, volumes: false })
    return true
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    return false
  }
}

/** The name is the record's to say; a claim that was lost is made again, unless another container has it by now. */
async function checkName(check: Check, { record, directory }: Container): Promise<void> {
  const { data } = check.engine.paths
  const isWrong = () => {
    const now = readContainer(data, record.id)?.record
    return now !== undefined && findNameOwner(data, now.name) !== now.id
  }
  if (!(await persists(() => existsSync(directory) && isWrong()))) return
  const name = readContainer(data, record.id)?.record.name ?? record.name
  const other = findNameOwner(data, name)
  const mend = check.repair && other === undefined
  if (mend) claimName(data, name, record.id)
  check.report({
    kind: 'name',
    id: name,
    outcome: mend ? 'mended' : 'damaged',
    problem: `the container ${shortId(record.id)} has this name, and does not own it`,
    advice: mend
      ? 'claimed again'
      : other === undefined
        ? '--repair claims it again'
        : `'rename ${shortId(record.id)} NAME' gives it another one`,
  })
}

/** A volume cannot be removed while a container has it: one that is gone was lost. */
async function checkVolumesOf(check: Check, { record, directory }: Container): Promise<void> {
  const { data } = check.engine.paths
  for (const mount of record.mounts) {
    if (mount.type !== 'volume' || mount.driver !== undefined) continue
    const isWrong = () => existsSync(directory) && readVolume(data, mount.name) === undefined
    if (!(await persists(isWrong))) continue
    check.report({
      kind: 'container',
      id: record.name,
      outcome: 'damaged',
      problem: `its volume ${mount.name} is missing or damaged`,
      advice: `'volume create ${mount.name}' makes an empty one`,
    })
  }
}

async function checkStaleName(check: Check, name: string): Promise<void> {
  const { data } = check.engine.paths
  if (!(await persists(() => isStaleName(data, name)))) return
  if (check.repair) freeStaleName(data, name)
  check.report({
    kind: 'name',
    id: name,
    outcome: check.repair ? 'removed' : 'leftover',
    problem: 'no container has it, and who claimed it is dead',
    advice: check.repair ? 'free again' : 'it is free for whoever wants it',
  })
}
