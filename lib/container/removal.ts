import { readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { isAlive, ownIdentity } from '../host/process.ts'

/**
 * Says in the container's directory that this process removes it: a symbolic link that leads to `<pid>-<start time>-<boot id>`,
 * for such a one needs no free block. It goes with the directory. Throws `removal-in-progress` while another live process
 * removes the container.
 */
export function claimRemoval(directory: string, name: string): Disposable {
  const claim = join(directory, 'removing')
  const { pid, startTime, bootId } = ownIdentity()
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      symlinkSync(`${pid}-${startTime}-${bootId}`, claim)
      return { [Symbol.dispose]: () => rmSync(claim, { force: true }) }
    } catch (error) {
      // On a full disk it is removed without: that is what makes room.
      if (!isErrno(error, 'EEXIST')) return { [Symbol.dispose]: () => undefined }
    }
    if (isHeld(claim)) {
      throw new LighterError(
        'removal-in-progress',
        `removal of container ${name} is already in progress`,
      )
    }
    rmSync(claim, { force: true })
  }
  return { [Symbol.dispose]: () => undefined }
}

function isHeld(claim: string): boolean {
  let text: string
  try {
    text = readlinkSync(claim)
  } catch {
    return false
  }
  const [, pid, startTime, bootId] = /^(\d+)-(\d+)-([0-9a-f-]{36})$/.exec(text) ?? []
  return (
    pid !== undefined &&
    startTime !== undefined &&
    bootId !== undefined &&
    isAlive({ pid: Number(pid), startTime, bootId })
  )
}
