import { compare } from './statistics.ts'
import { record } from './table.ts'
import type { World } from './worlds.ts'

/**
 * Reading takes no lock: it stays as fast while others write. What runs beside it takes one of the machine's cores, more or
 * less; the rows without are those of `measureCommands`.
 */
export async function measureBeside(lighter: World, host: string, rounds: number): Promise<void> {
  const debian = `${host}/debian:bookworm`
  await lighter.run(
    `lighter pull -q ${debian} >/dev/null
     lighter run -d --name talks ${host}/busybox:latest sh -c 'seq 1000; sleep 10000' >/dev/null
     lighter create --name tree ${debian} true >/dev/null; lighter export tree >tree.tar; lighter rm tree >/dev/null
     lighter rmi ${debian} >/dev/null`,
  )
  const others = {
    'beside pulls': `lighter pull -q ${debian}; lighter rmi ${debian}`,
    'beside imports': 'lighter rmi $(lighter import tree.tar)',
    'beside prunes': `lighter create ${host}/busybox:latest true; lighter container prune -f; lighter system prune -f`,
  }
  for (const [title, script] of Object.entries(others)) {
    await lighter.run(`: >going; while [ -e going ]; do ${script}; done >/dev/null 2>&1 &`)
    try {
      for (const words of ['ps', 'logs talks', 'inspect talks'])
        record(
          `\`${words.replace('talks', 'C')}\` ${title}`,
          await compare([{ name: title, run: () => lighter.time(`lighter ${words}`) }], rounds),
        )
    } finally {
      await lighter.run('rm -f going; wait')
    }
  }
  await lighter.run('lighter rm -f talks >/dev/null; rm -f tree.tar')
}
