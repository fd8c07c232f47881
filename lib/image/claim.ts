import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Digest, digestHex } from '../core/ids.ts'
import { randomHex } from '../core/random.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { claimFile, makeDirectory } from '../fs/replace.ts'
import { isAlive, ownIdentity, type ProcessIdentity } from '../host/process.ts'

const POLL = 200
const MAX_CLAIM = 4096

/** Who works on a blob. Every claim is told from any other by its nonce. */
export interface Claim extends ProcessIdentity {
  nonce: string
}

export const newClaim = (): Claim => ({ ...ownIdentity(), nonce: randomHex(8) })

/**
 * Runs `work` as the only process that fetches this blob; waits while another live one does, and says so again and again. The claim
 * of a dead process is inherited.
 */
export async function withClaim<Result>(
  data: string,
  digest: Digest,
  { signal, onWait }: { signal: AbortSignal; onWait?: () => void },
  work: () => Promise<Result>,
): Promise<Result> {
  makeDirectory(join(data, 'downloads'))
  const root = join(data, 'downloads', `${digestHex(digest)}.owner`)
  const mine = newClaim()
  let held = tryClaim(root, mine)
  while (!held) {
    onWait?.()
    await sleep(POLL, undefined, { signal })
    held = tryClaim(root, mine)
  }
  try {
    return await work()
  } finally {
    for (const path of held) rmSync(path, { force: true })
  }
}

/**
 * Claims by linking the file `<hex>.owner`. When its process is dead, by linking `<hex>.owner.<its nonce>`, which only
 * one of several heirs can do, and so on. A claim counts while the chain from the root to it stands: whoever releases
 * takes the root away first, so an heir of a claim that was released meanwhile finds its chain broken. Returns the
 * files to remove at the end, the root first; `undefined` while a live process holds the claim.
 */
export function tryClaim(root: string, mine: Claim): string[] | undefined {
  for (;;) {
    if (claimFile(root, JSON.stringify(mine))) return [root]
    const chain = readChain(root)
    const last = chain.at(-1)
    if (!last) continue
    if (last.claim.nonce !== DAMAGED && isAlive(last.claim)) return undefined
    const heir = heirPath(root, last.claim)
    if (!claimFile(heir, JSON.stringify(mine))) continue
    const now = readChain(root)
    if (now.at(-1)?.claim.nonce === mine.nonce) return now.map(({ path }) => path)
    rmSync(heir, { force: true })
  }
}

const heirPath = (root: string, { nonce }: Claim): string => `${root}.${nonce}`

function readChain(root: string): { path: string; claim: Claim }[] {
  const chain: { path: string; claim: Claim }[] = []
  for (let path = root; ; ) {
    const claim = readClaim(path)
    if (!claim || chain.some((link) => link.claim.nonce === claim.nonce)) return chain
    chain.push({ path, claim })
    path = heirPath(root, claim)
  }
}

const DAMAGED = 'damaged'

/** A power cut may leave a claim without its content: its process is as dead as the machine was. */
function readClaim(path: string): Claim | undefined {
  const bytes = readSmallFile(path, MAX_CLAIM)
  if (!bytes) return undefined
  const value = parseJson(bytes) as Partial<Claim> | null | undefined
  const { pid, startTime, bootId, nonce } = value ?? {}
  if (typeof pid !== 'number' || !/^[0-9a-f]{16}$/.test(String(nonce))) {
    return { pid: 0, startTime: '', bootId: '', nonce: DAMAGED }
  }
  return { pid, startTime: String(startTime), bootId: String(bootId), nonce: String(nonce) }
}

/** Whether the process that has a claim, or inherited it, still runs. `path`: of the first in the chain. */
export function isClaimHeld(path: string): boolean {
  const claim = readChain(path).at(-1)?.claim
  return claim !== undefined && isAlive(claim)
}
