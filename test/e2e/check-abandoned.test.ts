import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { check, expectClean, image, inData, names, put, run, useChecks } from '../helpers/checks.ts'
import { untilDead } from '../helpers/until.ts'

// Containers of `--rm` whose monitors did not live to remove them, as a kill or a power cut leaves them.
useChecks()

const stateFile = () => inData('containers', names('containers')[0] ?? '', 'state.json')

/** Leaves such a container; `isTorn`: its state is what a disk may have after a power cut, which is nothing. */
async function abandon(isTorn: boolean): Promise<void> {
  const flags = ['--rm', '--name', 'left', '--network', 'none', '-v', 'kept:/kept']
  await run('run', '-d', ...flags, image(), 'sleep', '1000')
  const { monitor, pid } = JSON.parse(readFileSync(stateFile(), 'utf8'))
  process.kill(monitor.pid, 'SIGKILL')
  await untilDead(monitor.pid)
  await untilDead(pid)
  if (isTorn) put(stateFile(), '\0'.repeat(485))
}

for (const isTorn of [false, true]) {
  const kind = isTorn ? 'with a torn state' : 'with a whole state'

  test(`${kind}: it is left over, and no damage`, async () => {
    await abandon(isTorn)
    const line = (outcome: string) =>
      new RegExp(`^${outcome}: container left: it should have been removed at its end; `, 'm')
    const found = await check()
    expect(found.stdout).toMatch(line('leftover'))
    expect(found.stdout).toMatch(/: 0 damaged, /)
    expect(found).toMatchObject({ exitCode: 0, stderr: '' })
    expect((await check('-r')).stdout).toMatch(line('removed'))
    expect(names('containers')).toEqual([])
    await expectClean()
  })

  test.each(['rmi', 'image prune -af', 'volume rm', 'volume prune -f', 'ps'])(
    `${kind}: it is gone with %s`,
    async (command) => {
      await abandon(isTorn)
      const operand = { rmi: image(), 'volume rm': 'kept' }[command]
      await run(...command.split(' '), ...(operand === undefined ? [] : [operand]))
      expect(names('containers')).toEqual([])
      expect(names('names')).toEqual([])
      if (/image|rmi/.test(command)) expect(await run('images', '-q')).toBe('')
      if (command === 'volume rm') expect(names('volumes')).toEqual([])
    },
  )
}
