import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { testUser, type World } from './world.ts'

/** The ids of the test user, as the program hands them to its native part; `single`: only its own. */
export function idMap(world: World, single = false): string {
  const own = (id: number, file: string): object => {
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .find((text) => text.startsWith(`${testUser().name}:`))
    const [, first, count] = (line ?? '').split(':').map(Number)
    return single
      ? [[0, id, 1]]
      : [
          [0, id, 1],
          [1, first, count],
        ]
  }
  const programs = { newuidmap: '/usr/bin/newuidmap', newgidmap: '/usr/bin/newgidmap' }
  return JSON.stringify({
    uids: own(world.ids.uid, '/etc/subuid'),
    gids: own(world.ids.gid, '/etc/subgid'),
    ...(single ? {} : programs),
  })
}

/** A directory of the world in which steps of a build are played, with the native program's verbs. */
export function makeYard(world: World, { single = false }: { single?: boolean } = {}) {
  const native = inject('nativeProgram')
  const map = ['--id-map', idMap(world, single)]
  const squash = single ? ['--squash'] : []
  const squashRead = single ? ['--squash-read'] : []
  const directory = join(world.home, `yard${single ? '-single' : ''}`)
  const at = (name: string): string => join(directory, name)
  const shell = async (script: string): Promise<string> => {
    const { stdout, stderr, exitCode } = await world.run('bash', ['-ec', script])
    if (exitCode !== 0) throw new Error(`${script}\n${stderr}`)
    return stdout
  }
  const report = async (args: string[], input?: string) => {
    const { stdout, stderr } = await world.run(native, args, input === undefined ? {} : { input })
    // Of several reports the last one is the outcome.
    return JSON.parse((stdout || stderr).trimEnd().split('\n').at(-1) ?? '')
  }
  const lowers = (names: readonly string[]) => names.map(at)
  return {
    at,
    shell,
    /** A shell as root of the user namespace. */
    inside: (script: string) =>
      shell(`unshare -rm ${single ? '' : '--map-auto'} bash -ec '${script}'`),
    clear: async () => {
      await world.run(native, ['remove', ...map, '--', directory])
      await shell(`mkdir -p ${directory}`)
    },
    seal: (name: string, below: readonly string[], ...more: string[]) =>
      report([
        ...['tree', 'seal', ...map, ...squash],
        ...lowers(below).flatMap((path) => ['--lower', path]),
        ...[...more, '--', at(name)],
      ]),
    /** Packs a tree into a file of the yard. */
    pack: (name: string, file: string, ...more: string[]) => {
      const words = [native, 'tree', 'pack', ...map, ...squashRead, ...more, '--', at(name)]
      return shell(`${words.map((word) => `'${word}'`).join(' ')} >${at(file)}`)
    },
    apply: async (file: string, name: string) =>
      JSON.parse(
        await shell(
          `${native} layer apply --target ${at(name)} --id-map '${map[1]}' ${squash.join(' ')} <${at(file)}`,
        ),
      ),
    digest: async (name: string): Promise<string> =>
      (await report(['layer', 'digest', ...map, '--', at(name)])).digest,
    copy: (below: readonly string[], upper: string, request: object) =>
      report(
        ['tree', 'copy', ...map, ...squash, '--request', '-'],
        JSON.stringify({ lower: lowers(below), upper: at(upper), ...request }),
      ),
    /** Records of `tree list`, their texts joined by `|`, without times and what is empty at the end. */
    list: async (layers: readonly string[], paths: readonly string[], ...more: string[]) => {
      const args = ['tree', 'list', ...map, ...squashRead, ...more]
      const layerWords = ['--layers', ...lowers(layers), '--', ...paths]
      const { stdout } = await world.run(native, [...args, ...layerWords])
      const texts = stdout.split('\0').slice(0, -1)
      return Array.from({ length: texts.length / FIELDS }, (_, index) =>
        texts
          .slice(index * FIELDS, (index + 1) * FIELDS)
          .join('|')
          .replace(/^((?:\S+ ){5})\S+ /, '$1')
          .replace(/\|+$/, ''),
      )
    },
    /** Plays a step: a shell in a root file system of `below` over which `upper` is. */
    step: async (driver: string, below: readonly string[], upper: string, script: string) => {
      const options = `lowerdir=${lowers(below).join(':')},upperdir=${at(upper)},workdir=${at('work')}`
      const mount =
        driver === 'overlay'
          ? `mount -t overlay o -o ${options},userxattr ${at('merged')}`
          : `fuse-overlayfs -o ${options} ${at('merged')}`
      await shell(
        `unshare -rm ${single ? '' : '--map-auto'} rm -rf ${at('work')}; mkdir -p ${at(upper)} ${at('work')} ${at('merged')}
         unshare -rm ${single ? '' : '--map-auto'} bash -ec '${mount}; cd ${at('merged')}; ${script}
         cd /; umount ${at('merged')}'`,
      )
    },
  }
}

/** Texts of one record of `tree list`. */
const FIELDS = 6
