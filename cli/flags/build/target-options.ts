import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import {
  type FieldValue,
  isTexts,
  type Members,
  type Target,
} from '../../../lib/build/bake/target.ts'
import { parseGitAddress } from '../../../lib/build/context/git-address.ts'
import { parseOutputs } from '../../../lib/build/export/output-spec.ts'
import type { BuildOptions, SecretSource } from '../../../lib/build/options.ts'
import { parseAttests } from '../../../lib/build/spec/attest.ts'
import { parseCacheSpec } from '../../../lib/build/spec/cache.ts'
import { checkTag, contextName } from '../../../lib/build/spec/contexts.ts'
import { badSpec } from '../../../lib/build/spec/fields.ts'
import { parseHost } from '../../../lib/build/spec/hosts.ts'
import { checkAnnotation, checkEntitlement, parseNetwork } from '../../../lib/build/spec/network.ts'
import { parsePlatforms } from '../../../lib/build/spec/platforms.ts'
import { parseSecret } from '../../../lib/build/spec/secret.ts'
import { parseSsh } from '../../../lib/build/spec/ssh.ts'
import { LighterError } from '../../../lib/core/errors.ts'
import { parseSize } from '../../../lib/core/size.ts'
import { parseUlimit } from '../ulimit.ts'

/** What is relative to the caller's directory, wherever the definition is from. */
const CALLER = 'cwd://'

/** What a target of a definition asks of a build. `allowed`: entitlements beside its own. Throws `usage`. */
export function readTargetOptions(
  { values }: Target,
  environment: NodeJS.ProcessEnv,
  allowed: readonly string[],
): BuildOptions {
  const text = (name: string): string | undefined => asText(values.get(name))
  const texts = (name: string): readonly string[] => {
    const value = values.get(name)
    return isTexts(value) ? value : []
  }
  const members = (name: string): Record<string, string> => asMembers(values.get(name))
  const context = fromCaller(text('context') ?? '.')
  const inline = text('dockerfile-inline')
  const secrets = texts('secret').map((secret) => parseSecret(secret, environment))
  for (const secret of secrets) checkSecret(secret)
  const allow = [...texts('entitlements'), ...allowed]
  for (const entitlement of allow) checkEntitlement(entitlement)
  for (const tag of texts('tags')) checkTag(tag)
  for (const annotation of texts('annotations')) checkAnnotation(annotation)
  const shmSize = text('shm-size')
  return {
    context,
    file: inline === undefined ? fileOf(context, text('dockerfile')) : undefined,
    inline,
    contexts: Object.fromEntries(
      Object.entries(members('contexts')).map(([name, place]) => [
        contextName(name),
        fromCaller(place),
      ]),
    ),
    target: text('target'),
    buildArgs: { ...epochOf(environment), ...members('args') },
    labels: members('labels'),
    annotations: texts('annotations'),
    tags: texts('tags'),
    platforms: parsePlatforms(texts('platforms')),
    outputs: parseOutputs(texts('output')),
    cacheFrom: texts('cache-from').map(parseCacheSpec),
    cacheTo: texts('cache-to').map(parseCacheSpec),
    noCache: values.get('no-cache') === true,
    noCacheFilter: texts('no-cache-filter').flatMap((stage) => stage.split(',')),
    pull: values.get('pull') === true,
    secrets,
    ssh: texts('ssh').map((ssh) => parseSsh(ssh, environment)),
    attests: parseAttests(texts('attest')),
    allow,
    addHosts: Object.entries(members('extra-hosts')).map(([name, address]) =>
      parseHost(`${name}=${address}`),
    ),
    network: parseNetwork(text('network') ?? ''),
    shmSize: shmSize === undefined ? 0 : parseSize(shmSize, badSize),
    ulimits: texts('ulimits').map(parseUlimit),
    cgroupParent: undefined,
    environment,
    stdin: process.stdin,
  }
}

const asText = (value: FieldValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** What is null is not there. */
function asMembers(value: FieldValue | undefined): Record<string, string> {
  const members = typeof value === 'object' && !isTexts(value) ? (value as Members) : {}
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== null),
  )
}

/** The time that files of an image have is an argument, too, where the caller has it. */
const epochOf = ({ SOURCE_DATE_EPOCH: epoch }: NodeJS.ProcessEnv): Record<string, string> =>
  epoch ? { SOURCE_DATE_EPOCH: epoch } : {}

const fromCaller = (place: string): string =>
  place.startsWith(CALLER) ? posix.normalize(place.slice(CALLER.length) || '.') : place

/** The Dockerfile is in the context, unless it is said to be elsewhere. */
function fileOf(context: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  if (file.startsWith(CALLER)) return fromCaller(file)
  return isElsewhere(context) || posix.isAbsolute(file) ? file : posix.join(context, file)
}

const isElsewhere = (context: string): boolean =>
  /^https?:\/\//.test(context) || parseGitAddress(context, true) !== undefined

function checkSecret(secret: SecretSource): void {
  if (!('file' in secret) || existsSync(secret.file)) return
  throw badSpec(`failed to stat ${secret.file}: stat ${secret.file}: no such file or directory`)
}

const badSize = (reason: string): LighterError => new LighterError('usage', reason)
