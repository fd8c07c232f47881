import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { randomBelow, randomHex } from '../core/random.ts'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { claimFile } from '../fs/replace.ts'
import { isAlive, ownIdentity, type ProcessIdentity } from '../host/process.ts'

/** names/<name> */
interface NameClaim {
  version: 1
  id: string
  owner: ProcessIdentity
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/
const MAX_NAME = 250

/** A container's name without the leading slash. Throws `bad-input`. */
export function parseName(text: string): string {
  const name = text.replace(/^\//, '')
  if (NAME.test(name) && name.length <= MAX_NAME) return name
  throw new LighterError(
    'bad-input',
    `Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  )
}

export const nameClaim = (data: string, name: string): string => join(data, 'names', name)

/** Who has a name; `undefined` when nobody has, or when the claim was left by a process that died. */
export function findNameOwner(data: string, name: string): string | undefined {
  if (name.length > MAX_NAME) return undefined
  const claim = readClaim(nameClaim(data, name))
  return claim && isHeld(data, claim) ? claim.id : undefined
}

/** Claims a name for a container that is about to exist. Throws `conflict` when another one has it. */
export function claimName(data: string, name: string, id: string): void {
  mkdirSync(join(data, 'names'), { recursive: true, mode: 0o700 })
  const path = nameClaim(data, name)
  const claim: NameClaim = { version: 1, id, owner: ownIdentity() }
  const text = `${JSON.stringify(claim)}\n`
  for (let attempt = 0; attempt < 10; attempt++) {
    if (claimFile(path, text)) return
    const held = readClaim(path)
    if (held && isHeld(data, held)) throw conflict(name, held.id)
    takeAway(data, path, id)
  }
  throw conflict(name, readClaim(path)?.id ?? '')
}

/** Gives a name back, if it still is this container's. */
export function releaseName(data: string, name: string, id: string): void {
  const path = nameClaim(data, name)
  if (readClaim(path)?.id === id) rmSync(path, { force: true })
}

/** Gives back whatever name a container has whose record can tell no more. */
export function releaseNamesOf(data: string, id: string): void {
  for (const name of listNames(join(data, 'names'))) releaseName(data, name, id)
}

/**
 * Whether a name was left by a process that died before its container was there, or a power cut tore its file. Throws where that cannot be
 * read: then it may be somebody's.
 */
export function isStaleName(data: string, name: string): boolean {
  if (!NAME.test(name)) return false
  const path = nameClaim(data, name)
  const claim = readClaim(path)
  return claim ? !isHeld(data, claim) : existsSync(path)
}

/** Makes a stale name free, unless it was claimed anew meanwhile. */
export const freeStaleName = (data: string, name: string): void =>
  takeAway(data, nameClaim(data, name), randomHex(32))

const isHeld = (data: string, claim: NameClaim): boolean =>
  existsSync(join(data, 'containers', claim.id)) || isAlive(claim.owner)

/** Two processes may do this at once: what was moved away is looked at again, and put back if it turned out fresh. */
function takeAway(data: string, path: string, id: string): void {
  const { pid, startTime } = ownIdentity()
  // Of a name as all unfinished work has: it is collected when this process is dead.
  const aside = join(data, 'tmp', `${pid}-${startTime}-stale-name-${id}`)
  mkdirSync(join(data, 'tmp'), { recursive: true, mode: 0o700 })
  try {
    renameSync(path, aside)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    throw error
  }
  const moved = readClaim(aside)
  if (moved && isHeld(data, moved)) claimFile(path, `${JSON.stringify(moved)}\n`)
  rmSync(aside, { force: true })
}

function readClaim(path: string): NameClaim | undefined {
  const value = parseJson(readSmallFile(path, 4096)) as NameClaim | undefined
  return value?.version === 1 && typeof value.id === 'string' ? value : undefined
}

const conflict = (name: string, id: string): LighterError =>
  new LighterError(
    'conflict',
    `Conflict. The container name "/${name}" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
  )

const MOODS =
  'agile amber ample azure bold brave breezy bright brisk calm candid cheerful clever cosy crisp curious daring dapper eager earnest fair fearless festive fluent fond frank gentle glad golden graceful hardy hasty hearty honest humble ideal jolly jovial keen kind lively loyal lucid mellow merry mild modest neat nimble noble patient placid plucky polite proud quick quiet rapid ready serene sharp silent sincere smooth snug sober solid spry steady stoic sturdy subtle sunny swift tender tidy tranquil trusty upbeat valiant vivid warm witty zesty'.split(
    ' ',
  )

/** People who moved goods, found ways, or built what does. */
const SURNAMES =
  'amundsen barents bering brunel cabot cook cousteau dias drake earhart eiffel ericson fulton gama gagarin goethals harrison hudson humboldt jansz johnson lovelace magellan maury mclean mercator montagu nansen nobile noonuccal piccard plimsoll polo ride rickover scoresby shackleton smeaton stephenson tasman telford tereshkova torres tupaia vancouver vespucci watt wright zheng'.split(
    ' ',
  )

/** A name for a container that got none: `calm_tasman`; with a digit once the plain ones collide. */
export function randomName(attempt: number): string {
  const pick = (words: string[]): string => words[randomBelow(words.length)] ?? ''
  const digit = attempt > 0 ? String(randomBelow(10 ** attempt)) : ''
  return `${pick(MOODS)}_${pick(SURNAMES)}${digit}`
}
