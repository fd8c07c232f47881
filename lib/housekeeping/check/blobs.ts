import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, isSystemError, systemErrorReason } from '../../core/errors.ts'
import { type Digest, digestHex, isDigest } from '../../core/ids.ts'
import { listNames, makeDraft } from '../../fs/drafts.ts'
import { makeDirectory } from '../../fs/replace.ts'
import { ownIdentity } from '../../host/process.ts'
import { newClaim, tryClaim } from '../../image/claim.ts'
import { removeTrees } from '../../runtime/userns.ts'
import { blobPath, isBlobWhole } from '../../store/blobs.ts'
import { type Check, forEach, guard } from './finding.ts'

/** Every blob of the store. Names that are no digests are drafts of somebody who writes. */
export const listBlobs = (data: string): Digest[] =>
  listNames(join(data, 'blobs', 'sha256'))
    .map((name) => `sha256:${name}`)
    .filter(isDigest)

/** Blobs that are not as they should be, and still there. */
export interface BadBlobs {
  wrong: ReadonlySet<Digest>
  /** They may be whole: nobody can tell now. */
  unreadable: ReadonlySet<Digest>
}

/**
 * Reads all blobs, and with `repair` drops those whose bytes are not those of their digest: who needs one fetches it again by that
 * digest.
 */
export async function checkBlobs(check: Check): Promise<BadBlobs> {
  const { data } = check.engine.paths
  const wrong = new Set<Digest>()
  const unreadable = new Set<Digest>()
  await forEach(listBlobs(data), (digest) =>
    guard(check, { kind: 'blob', id: digest }, async () => {
      const problem = await findProblem(data, digest)
      // Somebody removed it meanwhile.
      if (problem === undefined || !existsSync(blobPath(data, digest))) return
      // What cannot be read now may be whole: it is nobody's to throw away.
      const isUnreadable = !isWrong(problem)
      const held = check.repair && !isUnreadable && !(await dropBlob(check, digest))
      const dropped = check.repair && !isUnreadable && !held
      if (!dropped) (isUnreadable ? unreadable : wrong).add(digest)
      check.report({
        kind: 'blob',
        id: digest,
        outcome: dropped ? 'mended' : 'damaged',
        problem,
        advice: dropped
          ? 'dropped, so that it is fetched again'
          : held
            ? 'another command is fetching it'
            : isUnreadable
              ? 'make it readable and check again'
              : '--repair drops it, so that it is fetched again',
      })
    }),
  )
  return { wrong, unreadable }
}

const WRONG = 'its bytes are not those of its digest'
const NO_FILE = 'something that is no file has its name'

const isWrong = (problem: string | undefined): boolean => problem === WRONG || problem === NO_FILE

async function findProblem(data: string, digest: Digest): Promise<string | undefined> {
  try {
    // A pipe would never be read to its end.
    const status = statSync(blobPath(data, digest), { throwIfNoEntry: false })
    if (status && !status.isFile()) return NO_FILE
    return (await isBlobWhole(data, digest)) ? undefined : WRONG
  } catch (error) {
    if (isSystemError(error)) return `it cannot be read: ${systemErrorReason(error)}`
    throw error
  }
}

/**
 * Removes a damaged blob, unless a command is just fetching it, or it is whole by now: it is looked at once more where nobody else
 * finds it. Returns whether it is gone.
 */
async function dropBlob({ engine, namespace }: Check, digest: Digest): Promise<boolean> {
  const { data } = engine.paths
  makeDirectory(join(data, 'downloads'))
  const claim = tryClaim(join(data, 'downloads', `${digestHex(digest)}.owner`), newClaim())
  if (!claim) return false
  const draft = makeDraft(data, ownIdentity())
  const aside = join(draft, 'blobs', 'sha256', digestHex(digest))
  try {
    makeDirectory(join(draft, 'blobs', 'sha256'))
    renameSync(blobPath(data, digest), aside)
    const good = !isWrong(await findProblem(draft, digest))
    if (good) renameSync(aside, blobPath(data, digest))
    return !good
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
    return true
  } finally {
    await removeTrees(namespace, [draft])
    for (const path of claim) rmSync(path, { force: true })
  }
}
