import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { later } from './later.ts'
import { makeYard } from './trees.ts'
import { makeWorld, type World } from './world.ts'

/** What is copied from. */
export const CONTEXT = `mkdir -p d/sub e; echo f >f; echo g >d/g; chmod 700 d; chmod 750 d/sub; echo s >d/sub/s; ln -s g d/l
chmod 4755 f; ln d/g d/g2; ln -s /outside e/abs; echo x >e/x; mkfifo d/p; touch -d @1000000000 d d/sub d/g e
tar cf all.tar --owner=9 --group=8 d e; tar czf all.tgz --owner=9 --group=8 -C d .; tar cJf all.txz --owner=9 --group=8 d
tar cjf all.tbz --owner=9 --group=8 d; tar cf implied.tar --owner=9 --group=8 d/sub/s; echo no >no.tar; : >empty.tar
dd if=/dev/zero of=zeros.tar bs=1024 count=10 2>/dev/null`
/** What is copied into. */
const BASE = `mkdir -p etc t/ex/sub t/rd/link; chmod 711 t/ex t/ex/sub; chown 3:4 t/ex t/ex/sub; ln -s ex t/lnk; ln -s nowhere t/dang
echo old >t/file; ln -s /t/ex t/rd/sub; echo u:x:55:66::/: >etc/passwd; echo gr:x:77: >etc/group`

type Yard = ReturnType<typeof makeYard>

/** A yard with a context, a layer `base` and an empty one, `upper`, anew for each test of a file. */
export interface CopyYard {
  yard: Yard
  /** Makes a layer by a script. */
  layer: (name: string, script: string) => Promise<void>
  from: (name: string) => { directory: string }
  copy: (...operations: object[]) => ReturnType<Yard['copy']>
  /** The message of a copy that fails. */
  failure: (...operations: object[]) => Promise<string>
  /** Type, mode, owner, number of the file's names that are one, and path below /t of what a step wrote. */
  made: (...operations: object[]) => Promise<string[]>
}

export function copyYard(name: string): CopyYard {
  let world: World | undefined
  let made: Yard | undefined
  const yard = later(() => made)
  const layer = async (folder: string, script: string): Promise<void> => {
    await yard.shell(`mkdir ${yard.at(folder)}`)
    await yard.inside(`cd ${yard.at(folder)}; ${script}`)
    expect(await yard.seal(folder, [])).toMatchObject({ event: 'sealed' })
  }
  const from = (folder: string) => ({ directory: yard.at(folder) })
  const copy = (...operations: object[]) =>
    yard.copy(['base'], 'upper', { source: from('context'), operations })
  beforeAll(() => {
    world = makeWorld(name)
    made = makeYard(world)
  })
  beforeEach(async () => {
    await yard.clear()
    await yard.shell(
      `mkdir ${yard.at('context')} ${yard.at('upper')}; cd ${yard.at('context')}; ${CONTEXT}`,
    )
    await layer('base', BASE)
  })
  afterAll(async () => {
    await made?.clear()
    await world?.remove()
  })
  return {
    yard,
    layer,
    from,
    copy,
    failure: async (...operations) => (await copy(...operations)).message,
    made: async (...operations) => {
      expect(await copy(...operations)).toMatchObject({ event: 'copied' })
      expect(await yard.seal('upper', ['base'])).toMatchObject({ event: 'sealed' })
      const lines = await yard.list(['upper'], ['t'], '--no-digest')
      return lines.map((line) => line.replace(/(\S+ \S+ \S+ \S+) \S+ (\S+)\|t/, '$1 $2 ')).slice(1)
    },
  }
}

/** The operation that copies these to a place. */
export const copyOf = (to: string, names: string[], more: object = {}) => ({
  op: 'copy',
  items: names.map((name) => ({ from: name, to })),
  ...more,
})
