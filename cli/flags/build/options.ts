import type { BuildOptions } from '../../../lib/build/options.ts'
import { expandAttest, parseAttests } from '../../../lib/build/spec/attest.ts'
import { parseCacheSpec } from '../../../lib/build/spec/cache.ts'
import { checkTag, parseContexts } from '../../../lib/build/spec/contexts.ts'
import { parseHost } from '../../../lib/build/spec/hosts.ts'
import { checkAnnotation, checkEntitlement, parseNetwork } from '../../../lib/build/spec/network.ts'
import { parseBuildArgs, parseLabels } from '../../../lib/build/spec/pairs.ts'
import { parsePlatforms } from '../../../lib/build/spec/platforms.ts'
import { parseSecret } from '../../../lib/build/spec/secret.ts'
import { parseSsh } from '../../../lib/build/spec/ssh.ts'
import { LighterError } from '../../../lib/core/errors.ts'
import type { Parsed } from '../../parse.ts'
import { parseUlimit } from '../ulimit.ts'
import { readOutputs } from './outputs.ts'

/** What a command line asks of a build. Throws `usage`, in the order in which buildx finds what is wrong. */
export function readBuildOptions(parsed: Parsed, environment: NodeJS.ProcessEnv): BuildOptions {
  const [context = ''] = parsed.operands
  const buildArgs = readBuildArgs(parsed, environment)
  const labels = parseLabels(parsed.list('label'))
  const attests = parseAttests([
    ...parsed.list('attest'),
    ...[
      expandAttest('provenance', parsed.string('provenance') ?? ''),
      expandAttest('sbom', parsed.string('sbom') ?? ''),
    ].filter((text) => text !== ''),
  ])
  const contexts = parseContexts(parsed.list('build-context'))
  const outputs = readOutputs(parsed)
  const cacheFrom = parsed.list('cache-from').map(parseCacheSpec)
  const cacheTo = parsed.list('cache-to').map(parseCacheSpec)
  const secrets = parsed.list('secret').map((text) => parseSecret(text, environment))
  const ssh = parsed.list('ssh').map((text) => parseSsh(text, environment))
  const platforms = parsePlatforms(readPlatforms(parsed, environment))
  for (const text of parsed.list('annotation')) checkAnnotation(text)
  for (const text of parsed.list('allow')) checkEntitlement(text)
  for (const text of parsed.list('tag')) checkTag(text)
  if (context === '') {
    throw bad('please specify build context (e.g. "." for the current directory)')
  }
  const file = parsed.string('file') || undefined
  if (context === '-' && file === '-') {
    throw bad("invalid argument: can't use stdin for both build context and dockerfile")
  }
  return {
    context,
    file,
    contexts,
    target: parsed.string('target') || undefined,
    buildArgs,
    labels,
    annotations: parsed.list('annotation'),
    tags: parsed.list('tag'),
    platforms,
    outputs,
    cacheFrom,
    cacheTo,
    noCache: parsed.bool('no-cache'),
    noCacheFilter: parsed.list('no-cache-filter').flatMap((text) => text.split(',')),
    pull: parsed.bool('pull'),
    secrets,
    ssh,
    attests,
    allow: parsed.list('allow'),
    addHosts: parsed.list('add-host').map(parseHost),
    network: parseNetwork(parsed.string('network') ?? ''),
    shmSize: parsed.int('shm-size') ?? 0,
    ulimits: parsed.list('ulimit').map(parseUlimit),
    cgroupParent: parsed.string('cgroup-parent') || undefined,
    environment,
    stdin: process.stdin,
  }
}

/** The time that files of an image have is an argument, too, where the caller has it. */
function readBuildArgs(parsed: Parsed, environment: NodeJS.ProcessEnv): Record<string, string> {
  const args = parseBuildArgs(parsed.list('build-arg'), environment)
  const epoch = environment.SOURCE_DATE_EPOCH
  return epoch ? { SOURCE_DATE_EPOCH: epoch, ...args } : args
}

function readPlatforms(parsed: Parsed, environment: NodeJS.ProcessEnv): string[] {
  const usual = environment.DOCKER_DEFAULT_PLATFORM
  return parsed.given('platform') || !usual ? parsed.list('platform') : [usual]
}

const bad = (message: string): LighterError => new LighterError('usage', message)
