import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestUser } from '../helpers/test-user.ts'
import { exchange, openContestants } from './contestants.ts'
import { Figures, middleOf, type Row } from './figures.ts'
import type { World } from './worlds.ts'

/** One kind of build; shell commands run in the directory of the context, which is the same for every engine. */
interface Case {
  title: string
  /** Writes the context. */
  prepare: string
  /** Before each build that is measured. */
  change?: string
  flags?: string
  /** A build that is not measured comes first: what it leaves in the cache is what is measured. */
  warm: boolean
  /** The figure is divided by so many steps. */
  steps?: number
}

/** A file of a shell's here-document. */
const write = (path: string, text: string): string => `cat >${path} <<'END'\n${text}\nEND`

const BASE = 'bench/base:latest'

const TWENTY = [
  `FROM ${BASE}`,
  'ARG VERSION=1',
  'ENV A=1',
  'ENV B=2',
  'WORKDIR /app',
  'COPY package.json ./',
  'RUN echo one >/one',
  'RUN echo two >/two',
  'RUN echo three >/three',
  'COPY src ./src',
  'RUN echo four >/four',
  'RUN echo five >/five',
  'LABEL a=b',
  'COPY package.json /copy.json',
  'RUN echo six >/six',
  'USER 1000',
  'EXPOSE 80',
  'VOLUME /data',
  'ENTRYPOINT ["sh"]',
  'CMD ["-c", "true"]',
].join('\n')

const CHANGED = [
  `FROM ${BASE}`,
  'WORKDIR /app',
  'COPY package.json ./',
  'RUN echo installed >/installed',
  'COPY src ./src',
  'RUN cat src/main >built',
].join('\n')

const WORK = 'RUN dd if=/dev/zero bs=1M count=600 2>/dev/null | sha256sum >/sum'

const PARALLEL = [
  ...['one', 'two', 'three'].map((name) => `FROM ${BASE} AS ${name}\n${WORK}`),
  `FROM ${BASE}`,
  ...['one', 'two', 'three'].map((name) => `COPY --from=${name} /sum /${name}`),
].join('\n')

const HUNDRED = [
  `FROM ${BASE}`,
  ...Array.from({ length: 100 }, (_, index) => `RUN echo ${index} >/file-${index}`),
].join('\n')

const SMALL =
  'echo {} >package.json; mkdir -p src; for i in 1 2 3; do echo $i >src/file-$i; done; echo 0 >src/main'

/** 50,000 files of 4,000 bytes. */
const MANY_FILES =
  'mkdir -p many; for d in $(seq 250); do mkdir -p many/$d; head -c 800000 /dev/urandom | split -b 4000 -a 3 - many/$d/f; done'

const CASES: readonly Case[] = [
  {
    title: 'no-op rebuild, 20 instructions',
    prepare: `${SMALL}; ${write('Dockerfile', TWENTY)}`,
    warm: true,
  },
  {
    title: 'one changed source file',
    prepare: `${SMALL}; ${write('Dockerfile', CHANGED)}`,
    change: 'date +%s%N >src/main',
    warm: true,
  },
  {
    title: 'context of 50,000 files (200 MB), unchanged',
    prepare: `${MANY_FILES}; ${write('Dockerfile', `FROM ${BASE}\nCOPY many /many\nRUN true`)}`,
    warm: true,
  },
  {
    title: 'three stages of work, side by side',
    prepare: write('Dockerfile', PARALLEL),
    flags: '--no-cache',
    warm: false,
  },
  {
    title: '100 small RUN steps, each',
    prepare: write('Dockerfile', HUNDRED),
    flags: '--no-cache',
    warm: false,
    steps: 100,
  },
  {
    title: 'COPY of a file of 1 GB',
    prepare: `head -c 1000000000 /dev/urandom >large; ${write('Dockerfile', `FROM ${BASE}\nCOPY large /large`)}`,
    flags: '--no-cache',
    warm: false,
  },
  {
    title: 'COPY of a file of 1 GB that was changed',
    prepare: `head -c 1000000000 /dev/urandom >large; ${write('Dockerfile', `FROM ${BASE}\nCOPY large /large`)}`,
    change: 'date +%s%N | dd of=large conv=notrunc 2>/dev/null',
    warm: true,
  },
]

const ENGINES = ['lighter', 'podman', 'docker'] as const

export const BUILD_COLUMNS = [
  'builds',
  'lighter',
  'Podman 5.4',
  'Docker 26.1',
  'ratio to the faster',
]

/** Medians of a kind of build, and lighter's against the faster of Podman and Docker. */
export function buildCells(row: Row): string[] {
  const [lighter = Number.NaN, podman = Number.NaN, docker = Number.NaN] = ENGINES.map((name) =>
    middleOf(row, name),
  )
  const shown = (value: number) => (Number.isNaN(value) ? '' : `${value.toFixed(0)} ${row.unit}`)
  const ratio = lighter / Math.min(podman, docker)
  return [row.title, shown(lighter), shown(podman), shown(docker), ratio.toFixed(2)]
}

/** Builds of each kind whose title has `only` in it, by each engine in turn, `rounds` times, from the same base. */
export async function measureBuilds(
  work: string,
  user: TestUser,
  busybox: string,
  { rounds, only }: { rounds: number; only: string },
): Promise<void> {
  const cases = CASES.filter(({ title }) => title.includes(only))
  if (cases.length === 0) throw new Error(`bench: no build is called '${only}'`)
  const contestants = await openContestants(work, user, busybox)
  const worlds = ENGINES.map((name) => [name, contestants[name]] as const)
  const figures = new Figures('ms', 0)
  const folder = mkdtempSync(join(exchange, 'bench-build-'))
  try {
    await loadBase(folder, busybox, worlds)
    for (const one of cases) await measureCase(one, worlds, rounds, figures)
  } finally {
    for (const [, world] of worlds) await world.run('cd; rm -rf bench-build')
    rmSync(folder, { recursive: true, force: true })
    await contestants.close()
  }
  figures.print(rounds, BUILD_COLUMNS, buildCells)
}

type Engine = readonly [name: string, world: World]

async function loadBase(folder: string, layout: string, worlds: readonly Engine[]): Promise<void> {
  chmodSync(folder, 0o755)
  const archive = join(folder, 'base.tar')
  execFileSync('skopeo', ['copy', '--quiet', `oci:${layout}`, `docker-archive:${archive}:${BASE}`])
  chmodSync(archive, 0o644)
  const inside = `/exchange/${folder.slice(exchange.length + 1)}/base.tar`
  for (const [name, world] of worlds)
    await world.run(`${name} load -q -i ${name === 'lighter' ? archive : inside}`)
}

async function measureCase(
  { title, prepare, change = 'true', flags = '', warm, steps = 1 }: Case,
  worlds: readonly Engine[],
  rounds: number,
  figures: Figures,
): Promise<void> {
  for (const [name, world] of worlds) {
    await world.run(`cd; rm -rf bench-build; mkdir bench-build; cd bench-build; ${prepare}`)
    // What has just been written is not trusted to stay the same.
    await world.run('sync; sleep 3')
    if (warm) await world.run(`${name} build -q -t bench-build .`)
  }
  for (let round = 0; round < rounds; round++)
    for (const [name, world] of worlds) {
      await world.run(`${change}; sync`)
      const { code, milliseconds } = await world.time(`${name} build -q ${flags} -t bench-build .`)
      if (code === 0) figures.add(title, name, milliseconds / steps)
      else figures.fail(`${title}: ${name} ended with ${code}`)
    }
}
