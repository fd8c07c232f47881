import type { Dockerfile } from '../../dockerfile/ast.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'
import { Environment, type Expander } from './scope.ts'

/** Variables that every build knows without ARG, where the caller gives them; they are no part of what is made. */
export const PROXY_ARGS: ReadonlySet<string> = new Set(
  ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'all_proxy'].flatMap((name) => [
    name,
    name.toUpperCase(),
  ]),
)

export interface Platforms {
  /** Of the machine that builds. */
  build: Platform
  target: Platform
}

/** The variables of FROM: what platforms there are, and each ARG before the first FROM. */
export function globalArgs(
  dockerfile: Dockerfile,
  platforms: Platforms,
  {
    buildArgs,
    target,
  }: { buildArgs: Readonly<Record<string, string>>; target: string | undefined },
  expander: Expander,
): Environment {
  const env = new Environment()
  for (const [prefix, platform] of [
    ['BUILD', platforms.build],
    ['TARGET', platforms.target],
  ] as const) {
    env.set(`${prefix}PLATFORM`, formatPlatform(platform))
    env.set(`${prefix}OS`, platform.os)
    env.set(`${prefix}OSVERSION`, '')
    env.set(`${prefix}ARCH`, platform.architecture)
    env.set(`${prefix}VARIANT`, platform.variant)
  }
  env.set('TARGETSTAGE', target ?? 'default')
  for (const [key, value] of Object.entries(buildArgs))
    if (env.get(key) !== undefined) env.set(key, value)
  for (const { args } of dockerfile.metaArgs) {
    for (const { key, value } of args) {
      const given = Object.hasOwn(buildArgs, key) ? buildArgs[key] : undefined
      if (given !== undefined) env.set(key, given)
      else if (value !== undefined) env.set(key, expander.word(value, env))
    }
  }
  return env
}
