import { DockerfileError } from '../dockerfile/errors.ts'
import { closeConnections } from '../registry/transport.ts'
import { type GitAddress, parseGitAddress, redactedRemote } from './context/git-address.ts'
import * as trees from './context/trees.ts'
import type { FileTree } from './files.ts'
import type { OutsideRequest } from './outside.ts'

/** A file of a URL, as a tree with nothing else in it. */
export async function openUrl(
  { engine, session }: OutsideRequest,
  { address, name, checksum }: { address: string; name: string; checksum: string | undefined },
): Promise<FileTree> {
  const opened = await trees.openUrl(engine, address, { name, checksum, signal: session.signal })
  session.atEnd(opened.release)
  session.atEnd(closeConnections)
  const [algorithm = '', hex = ''] = opened.file.digest.split(':')
  session.materials.push({ uri: redactedRemote(address), digest: { [algorithm]: hex } })
  return opened.tree
}

/** The files of a repository whose address ADD names. */
export async function openRepository(
  request: OutsideRequest,
  text: string,
  keepGitDirectory: boolean,
): Promise<FileTree> {
  const address = parseGitAddress(text)
  if (!address) throw new DockerfileError(`invalid repository: ${text}`)
  return await openGit(request, address, { keepGitDirectory, isOwn: false })
}

/** The files of a repository. `isOwn`: the caller has named it, not a Dockerfile. */
export async function openGit(
  { engine, session, options, surroundings }: OutsideRequest,
  address: GitAddress,
  { keepGitDirectory, isOwn }: { keepGitDirectory: boolean; isOwn: boolean },
): Promise<FileTree> {
  const { environment } = options
  const own = isOwn ? environment.SSH_AUTH_SOCK : undefined
  const agent = (await surroundings.agent('default')) ?? own
  const access = { environment, secret: surroundings.secret, ssh: { agent, isOwn } }
  const wishes = { keepGitDirectory, ...access, signal: session.signal }
  const opened = await trees.openGit(engine, address, wishes)
  session.atEnd(opened.release)
  session.materials.push({ uri: redactedRemote(address.remote), digest: { sha1: opened.commit } })
  return opened.tree
}
