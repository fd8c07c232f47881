import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, isSystemError, systemErrorReason } from '../../core/errors.ts'
import { type Digest, digestHex, isDigest } from '../../core/ids.ts'
import { listNames, makeDraft } from '../../fs/drafts.ts'
import { makeDirectory } from '../../fs/replace.ts'
import { ownIdentity } from '../../host/process.ts'
import { newClaim, tryClaim } from '../../image/claim.ts'
import { blobPath, isBlobWhole } from '../../store/blobs.ts'
import { type Check, forEach } from './finding.ts'

/** Every blob of the store. Names that are no digests are drafts of somebody who writes. */
export const listBlobs = (data: string): Digest[] =>
  listNames(join(data, 'blobs', 'sha256'))
    .map((name) => `sha256:${name}`)
    .filter(isDigest)

/**
 * Reads all blobs, and with `repair` drops those whose bytes are not those of their digest: who needs one fetches it again by that
 * digest. Returns the bad ones that are still there.
 */
export async function checkBlobs(check: Check): Promise<Set<Digest>> {
  const { data } = check.engine.paths
  const bad = new Set<Digest>()
  await forEach(listBlobs(data), async (digest) => {
    const problem = await findProblem(data, digest)
    // Somebody removed it meanwhile.
    if (problem === undefined || !existsSync(blobPath(data, digest))) return
    // What cannot be read now may be whole: it is nobody's to throw away.
    const isUnreadable = problem !== WRONG
    const held = check.repair && !isUnreadable && !(await dropBlob(data, digest))
    const dropped = check.repair && !isUnreadable && !held
    if (!dropped) bad.add(digest)
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
  })
  return bad
}

const WRONG = 'its bytes are not those of its digest'

async function findProblem(data: string, digest: Digest): Promise<string | undefined> {
  try {
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
async function dropBlob(data: string, digest: Digest): Promise<boolean> {
  makeDirectory(join(data, 'downloads'))
  const claim = tryClaim(join(data, 'downloads', `${digestHex(digest)}.owner`), newClaim())
  if (!claim) return false
  const draft = makeDraft(data, ownIdentity())
  const aside = join(draft, 'blobs', 'sha256', digestHex(digest))
  try {
    makeDirectory(join(draft, 'blobs', 'sha256'))
    renameSync(blobPath(data, digest), aside)
    const good = (await findProblem(draft, digest)) !== WRONG
    if (good) renameSync(aside, blobPath(data, digest))
    return !good
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
    return true
  } finally {
    rmSync(draft, { recursive: true, force: true })
    for (const path of claim) rmSync(path, { force: true })
  }
}
