import { DockerfileError } from '../dockerfile/errors.ts'
import { closeConnections } from '../registry/transport.ts'
import { type GitAddress, parseGitAddress } from './context/git-address.ts'
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
  session.materials.push({ uri: address, digest: { [algorithm]: hex } })
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
  return await openGit(request, address, keepGitDirectory)
}

/** The files of a repository. */
export async function openGit(
  { engine, session, options, surroundings }: OutsideRequest,
  address: GitAddress,
  keepGitDirectory: boolean,
): Promise<FileTree> {
  const { environment } = options
  const { secret } = surroundings
  const wishes = { keepGitDirectory, environment, secret, signal: session.signal }
  const opened = await trees.openGit(engine, address, wishes)
  session.atEnd(opened.release)
  session.materials.push({ uri: address.remote, digest: { sha1: opened.commit } })
  return opened.tree
}
