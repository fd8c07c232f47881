import { DockerfileError } from '../../dockerfile/errors.ts'
import { type GitAddress, parseGitAddress } from './git-address.ts'

/** What `--build-context NAME=VALUE` names. */
export type NamedContext =
  | { type: 'directory'; path: string }
  | { type: 'image'; reference: string }
  /** A directory in the OCI layout, and the image in it; without both the one of no name, or `latest`. */
  | { type: 'layout'; path: string; tag: string | undefined; digest: string | undefined }
  | { type: 'url'; url: string }
  | { type: 'git'; address: GitAddress }
  /** What another target of a bake file makes. */
  | { type: 'target'; name: string }

/** Reads the value of a `--build-context`. Throws `build`. */
export function parseNamedContext(value: string): NamedContext {
  const image = after(value, 'docker-image://')
  if (image !== undefined) {
    if (image === '') throw new DockerfileError('invalid reference format')
    return { type: 'image', reference: image }
  }
  const layout = after(value, 'oci-layout://')
  if (layout !== undefined) return parseLayout(layout)
  const target = after(value, 'target:')
  if (target !== undefined) return { type: 'target', name: target }
  const address = parseGitAddress(value, true)
  if (address) return { type: 'git', address }
  if (/^https?:\/\//.test(value)) return { type: 'url', url: value }
  return { type: 'directory', path: value }
}

const after = (text: string, prefix: string): string | undefined =>
  text.startsWith(prefix) ? text.slice(prefix.length) : undefined

function parseLayout(text: string): NamedContext {
  const [, path = '', tag, digest] =
    /^(.*?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text) ?? []
  if (path === '') throw new DockerfileError(`invalid oci-layout reference: ${text}`)
  return { type: 'layout', path, tag, digest }
}
