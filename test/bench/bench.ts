import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeImageLayouts } from '../fixtures/images.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { pushLayout, startRegistry } from '../helpers/registry.ts'
import { ensureTestUser, openDevices } from '../helpers/test-user.ts'
import { type Contestants, checkPeers, openContestants } from './contestants.ts'
import { type Contender, compare, type Measured } from './statistics.ts'
import type { World } from './worlds.ts'

/** `npm run bench [-- ROUNDS]`: whole commands against Node, bubblewrap, rootless Podman and Docker, in turn in one run. */
const rounds = Number(process.argv[2] ?? 15)

const rows: string[][] = []
const decimal = (value: number, digits = 1) => value.toFixed(digits)

/** One line of the result: medians in milliseconds, and ours against theirs. */
function record(title: string, [ours, podman, docker]: Measured[], unit = 'ms'): void {
  if (!ours) return
  const digits = unit === 'ms' ? 1 : 2
  const shown = (one: Measured | undefined) => (one ? `${decimal(one.median, digits)} ${unit}` : '')
  const ratio = (one: Measured | undefined) => (one ? decimal(ours.median / one.median, 2) : '')
  const failed = [ours, podman, docker].filter((one) => one && one.failures > 0)
  rows.push([
    title,
    shown(ours),
    shown(podman),
    ratio(podman),
    shown(docker),
    ratio(docker),
    ...(failed.length > 0 ? [`FAILED: ${failed.map((one) => one?.name).join(', ')}`] : []),
  ])
  if (failed.length > 0) process.exitCode = 1
  console.log(rows.at(-1)?.join(' | '))
}

/** Resident kilobytes of a process. */
const RESIDENT = "awk '/^VmRSS/ { print $2 }' /proc/$pid/status"

async function main(): Promise<void> {
  checkPeers()
  openDevices()
  const user = ensureTestUser()
  const work = mkdtempSync(join(tmpdir(), 'lighter-bench-'))
  chmodSync(work, 0o755)
  const cache = join(process.env.XDG_CACHE_HOME ?? '/var/cache', 'lighter-test')
  mkdirSync(cache, { recursive: true })
  const layouts = makeImageLayouts(cache)
  const registry = await startRegistry(mkdtempSync(join(work, 'registry-')))
  pushLayout(layouts.busybox ?? '', registry.host, 'busybox:latest')
  pushLayout(layouts.debian ?? '', registry.host, 'debian:bookworm')
  const contestants = await openContestants(work, user, layouts.busybox ?? '')
  try {
    await measureFloor(contestants.lighter)
    await measureCommands(contestants, registry.host)
    await measurePull(contestants, registry.host)
    await measureCrowd(contestants.lighter, registry.host)
    await runMany(contestants.lighter, registry.host, () => processesOf(user))
  } finally {
    await contestants.close()
    await registry.stop()
    // Layers belong to subordinate ids.
    rmSync(work, { recursive: true, force: true })
  }
  print()
}

async function measureFloor(lighter: World): Promise<void> {
  const titles = {
    'node -e 0': '`node -e 0`, the Node that is carried',
    'bwrap --unshare-all --ro-bind / / --dev /dev --proc /proc true':
      'bubblewrap, `true`, no network',
    'lighter --version': '`lighter --version`',
  }
  const contenders = Object.keys(titles).map((command) => ({
    name: command,
    run: () => lighter.time(command),
  }))
  for (const one of await compare(contenders, rounds))
    record(titles[one.name as keyof typeof titles], [one])
}

async function measureCommands(contestants: Contestants, host: string): Promise<void> {
  const { lighter, podman, docker, dockerImage } = contestants
  const image = `${host}/busybox:latest`
  await lighter.run(`lighter pull -q ${image}`)
  // An image with the same layers would make the peer's pull a look-up.
  await podman.run('podman rmi -fa >/dev/null 2>&1; true')
  await podman.run(`podman pull -q --tls-verify=false ${image}`)

  /** The same words for all three; `reset` undoes them, not timed. */
  const all = (words: string, reset?: string): Contender[] =>
    [
      { name: 'lighter', world: lighter, its: image },
      { name: 'podman', world: podman, its: image },
      { name: 'docker', world: docker, its: dockerImage },
    ].map(({ name, world, its }) => {
      const say = (text: string) => `${name} ${text.replaceAll('IMAGE', its)}`
      return {
        name,
        run: () => world.time(say(words)),
        ...(reset === undefined ? {} : { reset: () => world.run(say(reset)) }),
      }
    })
  const each = async (words: string) => {
    for (const contender of all(words)) {
      const { code } = await contender.run()
      if (code !== 0) throw new Error(`bench: ${contender.name} ${words}: exit ${code}`)
    }
  }
  const measure = async (title: string, words: string, reset?: string) =>
    record(title, await compare(all(words, reset), rounds))

  await measure('`run --rm busybox true`, default network', 'run --rm IMAGE true')
  await each('run -d --label bench --name other IMAGE sleep 10000')
  await measure('the same while another container runs', 'run --rm IMAGE true')
  await measure('`run --rm --network none busybox true`', 'run --rm --network none IMAGE true')
  await measure('`exec C true`', 'exec other true')
  await measure('`ps`', 'ps')
  await each('create --label bench --name started IMAGE sleep 10000')
  await measure('`start C`', 'start started', 'kill started')
  await measure(
    '`rm -f C`, of a running container',
    'rm -f started',
    'run -d --label bench --name started IMAGE sleep 10000',
  )
  await each('rm -f started')

  const resident = async (world: World, find: string) =>
    Number(await world.run(`pid=$(${find}); ${RESIDENT}`)) / 1024
  record(
    'resident: the monitor of one container',
    [
      {
        name: 'lighter',
        median: await resident(lighter, "pgrep -u $UID -f '^lighter-monitor'"),
        failures: 0,
      },
      { name: 'podman', median: await resident(podman, 'pgrep -u $UID -o -x conmon'), failures: 0 },
      {
        name: 'docker',
        median: await resident(docker, 'pgrep -n -x containerd-shim'),
        failures: 0,
      },
    ],
    'MiB',
  )
  await each('rm -f other')
}

/** Docker Engine is in a network namespace of its own, where the registry is not. */
async function measurePull({ lighter, podman }: Contestants, host: string): Promise<void> {
  const debian = `${host}/debian:bookworm`
  const contenders = [
    {
      name: 'lighter',
      run: () => lighter.time(`lighter pull -q ${debian}`),
      reset: () => lighter.run(`lighter rmi ${debian}`),
    },
    {
      name: 'podman',
      run: () => podman.time(`podman pull -q --tls-verify=false ${debian}`),
      reset: () => podman.run(`podman rmi ${debian}`),
    },
  ]
  record(
    'pull and unpack debian (minbase) from a loopback registry',
    await compare(contenders, Math.min(rounds, 5)),
  )
}

/** Reading stays fast beside many containers, and beside a pull. */
async function measureCrowd(lighter: World, host: string): Promise<void> {
  const image = `${host}/busybox:latest`
  const once = async (title: string, command: string) =>
    record(title, await compare([{ name: title, run: () => lighter.time(command) }], rounds))
  await lighter.run(
    `seq 1000 | xargs -P 2 -I{} lighter create --name crowd-{} ${image} true >/dev/null
     seq 50 | xargs -P 2 -I{} lighter run -d --name live-{} ${image} sleep 10000 >/dev/null`,
  )
  await once('`ps`, 1,000 stopped and 50 running containers', 'lighter ps')
  await once('`ps -a` of them', 'lighter ps -a')
  const pulling = `while :; do lighter pull -q ${host}/debian:bookworm; lighter rmi ${host}/debian:bookworm; done`
  await lighter.run(`( ${pulling} ) >/dev/null 2>&1 & echo $! >pulling`)
  await once('`ps` beside a pull', 'lighter ps')
  await lighter.run('kill $(cat pulling); sleep 5')
  await lighter.run(
    'lighter ps -aq | xargs -n 100 lighter rm -f >/dev/null; lighter rmi -f $(lighter images -q) >/dev/null 2>&1; true',
  )
  await lighter.run(`lighter pull -q ${image}`)
}

async function runMany(lighter: World, host: string, processes: () => string[]): Promise<void> {
  const many = await lighter.time(
    `seq 500 | xargs -P 50 -I{} lighter run --rm ${host}/busybox:latest true`,
  )
  await sleep(1000)
  const left = (
    await lighter.run(
      'lighter ps -aq; ls -A "$HOME/.local/share/lighter/containers" "$HOME/.local/share/lighter/names" | grep -v ":$" | grep .; true',
    )
  ).trim()
  const running = processes().filter((line) => /lighter|slirp/.test(line))
  console.log(
    `500 run --rm, 50 at a time: exit ${many.code}, ${decimal(many.milliseconds / 1000)} s, left over: ${left || 'nothing'}; processes: ${running.length}`,
  )
  if (many.code !== 0 || left || running.length) process.exitCode = 1
}

function print(): void {
  const today = new Date().toISOString().slice(0, 10)
  console.log(
    `\nMedians of ${rounds} rounds, ${today}, ${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'unknown'}\n`,
  )
  console.log('| whole command | lighter | Podman 5.4 | ratio | Docker 26.1 | ratio |')
  console.log('|---|---|---|---|---|---|')
  for (const row of rows) console.log(`| ${row.join(' | ')} |`)
}

await main()
