import { describe, expect, test } from 'vitest'
import { CONTEXT, copyOf, copyYard } from '../helpers/copy-yard.ts'

const { yard, layer, copy, failure, made } = copyYard('build-copy-outside')

describe('nothing leads out', () => {
  test.each<[string, object, string]>([
    ['a source above', copyOf('/t/x', ['../context/f']), 'the request\'s "from" is wrong'],
    ['an absolute source', copyOf('/t/x', ['/etc/passwd']), 'the request\'s "from" is wrong'],
    [
      'a part above',
      { op: 'copy', items: [{ from: '', to: '/t', only: [{ path: 'd/../../x', whole: true }] }] },
      'the request\'s "path" is wrong',
    ],
    ['a relative destination', copyOf('t/x', ['f']), 'the request\'s "to" is wrong'],
    ['an unknown operation', { op: 'remove' }, 'the request\'s "op" is wrong'],
    ['a mode that is none', copyOf('/t', ['f'], { mode: 'rwx' }), 'the request\'s "mode" is wrong'],
    [
      'an owner beyond the range',
      copyOf('/t', ['f'], { owner: '70000000' }),
      "uid 70000000 is not in your range: 'f' belongs to it, which takes 70000000 subordinate uids, and you have 65536",
    ],
    [
      'a mark of layers',
      copyOf('/t/.wh.x', ['f']),
      "cannot copy to '/t/.wh.x': names that begin with '.wh.' are marks of layers",
    ],
  ])('%s', async (_what, operation, message) => {
    expect(await failure(operation)).toBe(message)
  })

  test('links of a root file system', async () => {
    const outside = yard.at('outside')
    await yard.clear()
    await yard.shell(
      `mkdir ${yard.at('context')} ${yard.at('upper')} ${outside}; cd ${yard.at('context')}; ${CONTEXT}`,
    )
    const up = '../'.repeat(30)
    await layer(
      'base',
      `mkdir t; ln -s ${outside} t/abs; ln -s ${up}${outside.slice(1)} t/up; ln -s /proc/self/root t/proc; ln -s loop t/loop`,
    )
    const copied = await copy(
      copyOf('/t/abs/', ['f']),
      copyOf('/t/up/', ['e']),
      copyOf('/t/proc/x/', ['f']),
    )
    expect(copied).toMatchObject({ event: 'copied' })
    expect(await yard.shell(`ls -A ${outside}; cd ${yard.at('upper')}${outside}; ls`)).toBe(
      'abs\nf\nx\n',
    )
    expect(await failure(copyOf('/t/loop/x', ['f']))).toMatch(/^cannot follow the link/)
  })

  interface Copied {
    event: string
    kind?: string
    message?: string
  }

  /**
   * Copies again and again while a script runs, three seconds and until one is as `wanted`; `to` tells the rounds apart. Returns
   * the outcomes.
   */
  async function copyDuring(
    script: string,
    name: string,
    to: (round: number) => string,
    wanted: (outcome: Copied) => boolean,
  ) {
    const enough = yard.at('enough')
    const running = yard.shell(`until [ -e ${enough} ]; do ${script}; done; rm ${enough}`)
    const outcomes: Copied[] = []
    const begun = Date.now()
    const isLate = (seconds: number) => Date.now() - begun > 1000 * seconds
    while (!isLate(3) || !(outcomes.some(wanted) || isLate(60)))
      outcomes.push(await copy(copyOf(to(outcomes.length), [name])))
    await yard.shell(`touch ${enough}`)
    await running
    return outcomes
  }

  const isCopied = ({ event }: Copied) => event === 'copied'

  test('a directory that is exchanged with a link while it is copied', async () => {
    const outside = yard.at('outside')
    const x = `${yard.at('context')}/x`
    await yard.shell(`mkdir ${outside}; echo secret >${outside}/secret; mkdir -p ${x}/y
      for i in $(seq 50); do echo $i >${x}/y/f$i; done`)
    const swap = `mv ${x}/y ${x}/z; ln -s ${outside} ${x}/y; rm ${x}/y; mv ${x}/z ${x}/y`
    const outcomes = await copyDuring(swap, 'x', (round) => `/t/${round}`, isCopied)
    expect(outcomes.some(isCopied)).toBe(true)
    for (const { event, kind } of outcomes) if (event !== 'copied') expect(kind).toBe('stale')
    expect(await yard.shell(`find ${yard.at('upper')} -name secret`)).toBe('')
  })

  test('a file that grows while it is copied', async () => {
    const path = `${yard.at('context')}/grows`
    await yard.shell(`head -c 2M /dev/zero >${path}`)
    const fails = (outcome: Copied) => !isCopied(outcome)
    const outcomes = await copyDuring(`printf x >>${path}`, 'grows', () => '/t/x', fails)
    const failed = outcomes.filter(fails)
    expect(failed.length).toBeGreaterThan(0)
    const message = '"/grows" changed while it was copied'
    for (const outcome of failed) expect(outcome).toMatchObject({ kind: 'stale', message })
  })

  test('what is no file in a context', async () => {
    const script = `cd ${yard.at('context')}; mkfifo q; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("s")'`
    await yard.shell(script)
    expect(await made(copyOf('/t/x/', ['q', 's', 'f']))).toEqual([
      'd 0755 0 0 0 /x',
      'f 4755 0 0 0 /x/f',
      'p 0644 0 0 0 /x/q',
    ])
  })
})
