import { LighterError } from '../../core/errors.ts'

/** A repository of git, and what of it is wanted. */
export interface GitAddress {
  /** As git takes it. */
  remote: string
  /** Branch, tag or commit; `undefined`: the default branch. */
  ref: string | undefined
  /** Below the root; `''`: all. */
  subdirectory: string
  /** The commit that it has to be, or its first digits. */
  commit: string | undefined
  submodules: boolean
  /** As the address itself says; `undefined`: it does not. */
  keepGitDirectory: boolean | undefined
}

const SCHEME = /^([A-Za-z0-9]+):\/\//
/** `user@host:path`, of ssh. */
const SHORT = /^[A-Za-z0-9_-]+@[A-Za-z0-9.-]+:(?!\/\/)/

/**
 * Reads the address of a repository; `undefined` for what is none: addresses of http need `.git` at the end of their path. `host/path`
 * is one of github.com alone, and only for contexts. Throws `build` for what such an address has wrong. (BuildKit: util/gitutil, dfgitutil)
 */
export function parseGitAddress(text: string, isContext = false): GitAddress | undefined {
  const whole = isContext && text.startsWith('github.com/') ? `https://${text}` : text
  const [before = '', fragment] = splitOnce(whole, '#')
  const [remote = '', query] = splitOnce(before, '?')
  const scheme = SCHEME.exec(remote)?.[1]
  const isHttp = scheme === 'http' || scheme === 'https'
  const isOther = scheme === 'git' || scheme === 'ssh' || (!scheme && SHORT.test(remote))
  const isGitHub = whole !== text
  if (!isOther && !isGitHub && !(isHttp && remote.endsWith('.git'))) return undefined
  if (scheme && !URL.canParse(remote)) return undefined
  return checked(applyQuery(fromFragment(remote, fragment), query))
}

/** Passwords have no place in messages. */
export const redactedRemote = (remote: string): string =>
  remote.replace(/^([a-z]+:\/\/)[^/@]*@/i, (whole, scheme: string) =>
    scheme === 'ssh://' && !whole.includes(':', scheme.length) ? whole : `${scheme}xxxxx:xxxxx@`,
  )

function splitOnce(text: string, at: string): [string, string | undefined] {
  const index = text.indexOf(at)
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + at.length)]
}

function fromFragment(remote: string, fragment = ''): GitAddress {
  const [ref = '', subdirectory = ''] = splitOnce(fragment, ':')
  return {
    remote,
    ref: ref === '' ? undefined : ref,
    subdirectory,
    commit: undefined,
    submodules: true,
    keepGitDirectory: undefined,
  }
}

function applyQuery(address: GitAddress, query: string | undefined): GitAddress {
  if (query === undefined || query === '') return address
  const result = { ...address }
  for (const [key, value] of new URLSearchParams(query)) {
    switch (key) {
      case 'ref':
      case 'tag':
      case 'branch': {
        const full = { ref: value, tag: `refs/tags/${value}`, branch: `refs/heads/${value}` }[key]
        if (value === '') throw wrong(`${key} must not be empty`)
        if (result.ref !== undefined && result.ref !== full)
          throw wrong(`ref conflicts: ${JSON.stringify(result.ref)} vs ${JSON.stringify(full)}`)
        result.ref = full
        break
      }
      case 'subdir':
        if (result.subdirectory !== '' && result.subdirectory !== value)
          throw wrong(
            `subdir conflicts: ${JSON.stringify(result.subdirectory)} vs ${JSON.stringify(value)}`,
          )
        result.subdirectory = value
        break
      case 'checksum':
      case 'commit':
        result.commit = value
        break
      case 'submodules':
        result.submodules = readFlag(key, value)
        break
      case 'keep-git-dir':
        result.keepGitDirectory = readFlag(key, value)
        break
      default:
        throw wrong(`unexpected query ${JSON.stringify(key)}`)
    }
  }
  return result
}

function readFlag(key: string, value: string): boolean {
  if (['', '1', 't', 'true'].includes(value.toLowerCase())) return true
  if (['0', 'f', 'false'].includes(value.toLowerCase())) return false
  throw wrong(`invalid ${key} value: ${JSON.stringify(value)}`)
}

/** A ref is an argument of git: nothing else may be said with it. */
function checked(address: GitAddress): GitAddress {
  const { ref, commit, remote } = address
  if (ref !== undefined && (ref === '' || /^-|[\s:^~?*[\\]|\p{Cc}/u.test(ref)))
    throw wrong(`invalid ref ${JSON.stringify(ref)}`)
  if (commit !== undefined && !/^[0-9a-f]{7,64}$/.test(commit))
    throw wrong(`invalid checksum ${JSON.stringify(commit)}, expected hex digits of a commit`)
  if (/[\s\p{Cc}]/u.test(remote)) throw wrong(`invalid address ${JSON.stringify(remote)}`)
  return address
}

const wrong = (message: string): LighterError => new LighterError('build', message)
