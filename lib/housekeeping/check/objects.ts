import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Container, listContainers } from '../../container/catalog.ts'
import { shortId } from '../../core/ids.ts'
import { listNames } from '../../fs/drafts.ts'
import { parseJson, readSmallFile } from '../../fs/read.ts'
import { makeOpenDirectory, replaceFile } from '../../fs/replace.ts'
import { moveToTrash } from '../../fs/trash.ts'
import { networkDirectory, readNetwork } from '../../network/record.ts'
import { removeTrees } from '../../runtime/userns.ts'
import { nameOfVolume } from '../../volume/list.ts'
import { hasFiles, readVolume, type VolumeRecord, volumeData } from '../../volume/volume.ts'
import { findVolumeUsers } from '../volumes.ts'
import { type Check, guard, persists } from './finding.ts'

const MAX_RECORD = 1024 * 1024

/** Networks whose record cannot be read: nothing can use one, and its name is free. */
export async function checkNetworks(check: Check): Promise<void> {
  const { data } = check.engine.paths
  for (const id of listNames(join(data, 'networks'))) {
    if (!/^[0-9a-f]{64}$/.test(id)) continue
    await guard(check, { kind: 'network', id: shortId(id) }, () => checkNetwork(check, id))
  }
}

async function checkNetwork(check: Check, id: string): Promise<void> {
  const { data } = check.engine.paths
  const directory = networkDirectory(data, id)
  const isWrong = () => existsSync(directory) && readNetwork(data, id) === undefined
  if (!(await persists(isWrong))) return
  const used = isUsed(data, id)
  const remove = check.repair && (check.force || !used)
  if (remove) {
    const moved = moveToTrash(data, directory)
    if (moved !== undefined) rmSync(moved, { recursive: true, force: true })
  }
  check.report({
    kind: 'network',
    id: shortId(id),
    outcome: remove ? 'mended' : 'damaged',
    problem: used ? 'its record is damaged, and containers are on it' : 'its record is damaged',
    advice: remove ? 'removed' : `--repair${used ? ' --force' : ''} removes it`,
  })
}

/** Of a container that cannot be read nobody knows on which networks it is. */
function isUsed(data: string, id: string): boolean {
  let unknown = false
  const containers = listContainers(data, () => {
    unknown = true
  })
  const isOn = ({ record }: Container): boolean =>
    record.networks?.some(({ networkId }) => networkId === id) === true
  return unknown || containers.some(isOn)
}

/** Volumes whose record or directory is gone. Their files are never touched. */
export async function checkVolumes(check: Check): Promise<void> {
  const { data } = check.engine.paths
  for (const name of listNames(join(data, 'volumes'))) {
    await guard(check, { kind: 'volume', id: name }, () => checkVolume(check, name))
  }
}

async function checkVolume(check: Check, name: string): Promise<void> {
  const { data } = check.engine.paths
  const directory = join(data, 'volumes', name)
  if (await persists(() => existsSync(directory) && readRecord(directory) === undefined))
    await mendRecord(check, name, directory)
  const volume = readVolume(data, nameOfVolume(name))
  if (volume) await checkData(check, volume)
}

function readRecord(directory: string): VolumeRecord | undefined {
  const record = parseJson(readSmallFile(join(directory, 'volume.json'), MAX_RECORD))
  return (record as VolumeRecord | null | undefined)?.version === 1
    ? (record as VolumeRecord)
    : undefined
}

/** One that has files is used as a volume without labels, and gets the record of one. */
async function mendRecord(check: Check, name: string, directory: string): Promise<void> {
  const { data } = check.engine.paths
  const record = readVolume(data, nameOfVolume(name))
  if (check.repair && record)
    replaceFile(join(directory, 'volume.json'), `${JSON.stringify(record)}\n`, true)
  // A record of a later version, or one that was changed, may stand beside files.
  const isEmpty = !hasFiles(join(directory, '_data'))
  const remove =
    check.repair && check.force && !record && isEmpty && isFree(data, nameOfVolume(name))
  if (remove) await removeTrees(check.namespace, [moveToTrash(data, directory) ?? []].flat())
  const mended = remove || (check.repair && record !== undefined)
  check.report({
    kind: 'volume',
    id: name,
    outcome: mended ? 'mended' : 'damaged',
    problem: 'its record is damaged',
    advice: record ? adviceWithFiles(check) : remove ? 'removed: it had no files' : EMPTY(name),
  })
}

const isFree = (data: string, name: string): boolean => {
  const users = findVolumeUsers(data)
  return !users.damaged && users.of(name).length === 0
}

const adviceWithFiles = ({ repair }: Check): string =>
  repair ? 'its labels are lost' : '--repair writes one without labels'

const EMPTY = (name: string): string => `'volume rm -f ${name}' or --repair --force removes it`

async function checkData(check: Check, volume: VolumeRecord): Promise<void> {
  const { data } = check.engine.paths
  // The files of others are elsewhere.
  if (volume.driver !== undefined) return
  const place = volumeData(data, volume.name)
  const isWrong = () => !existsSync(place) && readVolume(data, volume.name) !== undefined
  if (!(await persists(isWrong))) return
  if (check.repair) makeOpenDirectory(place)
  check.report({
    kind: 'volume',
    id: volume.name,
    outcome: check.repair ? 'mended' : 'damaged',
    problem: 'its directory is missing',
    advice: check.repair ? 'made anew, empty' : '--repair makes an empty one',
  })
}
