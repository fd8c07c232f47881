import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeImageLayouts } from '../fixtures/images.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { pushLayout, startRegistry } from '../helpers/registry.ts'
import { ensureTestUser, openDevices } from '../helpers/test-user.ts'
import { measureApi } from './api.ts'
import { measureBeside } from './beside.ts'
import { measureBuilds } from './builds.ts'
import { type Contestants, checkPeers, openContestants, openLighter } from './contestants.ts'
import { measureImages } from './images.ts'
import { measureKeepId } from './keep-id.ts'
import { measureNetworks } from './networks.ts'
import { Peers } from './peers.ts'
import { compare } from './statistics.ts'
import { decimal, print, record, setFloor } from './table.ts'
import type { World } from './worlds.ts'

/**
 * `npm run bench [-- ROUNDS]`: whole commands against Node, bubblewrap, rootless Podman and Docker, in turn in one run.
 * `npm run bench -- networks [ROUNDS]`: networks alone. `npm run bench -- pull [ROUNDS]`: the pull alone.
 * `npm run bench -- images [ROUNDS]`: pull, push, save, load and removal of large images.
 * `npm run bench -- builds [ROUNDS [TEXT]]`: builds of Dockerfiles; with a text only those that have it in their title.
 * `npm run bench -- api [ROUNDS]`: the services of the Engine API.
 * `npm run bench -- keep-id [ROUNDS]`: `--userns keep-id` against a default run; needs no peers.
 */
const topic = ['networks', 'images', 'builds', 'api', 'pull', 'keep-id'].find(
  (name) => name === process.argv[2],
)
const onlyNetworks = topic === 'networks'
const usualRounds = { networks: 5, images: 3, builds: 5, api: 5 }[topic ?? ''] ?? 15
const rounds = Number((topic ? process.argv[3] : process.argv[2]) ?? usualRounds)

/** Resident kilobytes of a process. */
const RESIDENT = "awk '/^VmRSS/ { print $2 }' /proc/$pid/status"

async function main(): Promise<void> {
  if (topic !== 'keep-id') checkPeers()
  openDevices()
  const user = ensureTestUser()
  const work = mkdtempSync(join(tmpdir(), 'lighter-bench-'))
  chmodSync(work, 0o755)
  if (topic === 'keep-id') {
    const lighter = await openLighter(work, user)
    await measureKeepId(work, lighter, rounds).finally(() => lighter.close())
    rmSync(work, { recursive: true, force: true })
    return
  }
  const cache = join(process.env.XDG_CACHE_HOME ?? '/var/cache', 'lighter-test')
  mkdirSync(cache, { recursive: true })
  const layouts = makeImageLayouts(cache)
  if (topic === 'images') {
    await measureImages(work, user, cache, layouts.busybox ?? '', rounds)
    rmSync(work, { recursive: true, force: true })
    return
  }
  if (topic === 'builds') {
    await measureBuilds(work, user, layouts.busybox ?? '', { rounds, only: process.argv[4] ?? '' })
    rmSync(work, { recursive: true, force: true })
    return
  }
  if (topic === 'api') {
    await measureApi(work, user, layouts.busybox ?? '', rounds)
    rmSync(work, { recursive: true, force: true })
    return
  }
  const registry = await startRegistry(mkdtempSync(join(work, 'registry-')))
  if (onlyNetworks) {
    await measureNetworks(work, user, registry, rounds).finally(() => registry.stop())
    rmSync(work, { recursive: true, force: true })
    return
  }
  pushLayout(layouts.busybox ?? '', registry.host, 'busybox:latest')
  pushLayout(layouts.debian ?? '', registry.host, 'debian:bookworm')
  const contestants = await openContestants(work, user, layouts.busybox ?? '')
  try {
    if (topic === 'pull') await measurePull(contestants, registry.host)
    else await measureAll(contestants, registry.host, () => processesOf(user))
  } finally {
    await contestants.close()
    await registry.stop()
    // Layers belong to subordinate ids.
    rmSync(work, { recursive: true, force: true })
  }
  print(rounds)
}

async function measureAll(
  contestants: Contestants,
  host: string,
  processes: () => string[],
): Promise<void> {
  const peers = new Peers(contestants, `${host}/busybox:latest`)
  await measureFloor(contestants.lighter)
  await measureCommands(peers, host)
  await measurePull(contestants, host)
  await measureBeside(contestants.lighter, host, rounds)
  await measureCrowd(peers)
  await runMany(contestants.lighter, host, processes)
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
  const measured = await compare(contenders, rounds)
  setFloor(measured.find(({ name }) => name === 'node -e 0')?.median ?? Number.NaN)
  for (const one of measured) record(titles[one.name as keyof typeof titles], [one])
}

/** Ends at once when it is asked to; a `sleep` as process 1 takes no notice. */
const POLITE = `sh -c 'trap exit TERM; sleep 10000 & wait'`

async function measureCommands(peers: Peers, host: string): Promise<void> {
  const { lighter, podman } = peers.contestants
  const image = `${host}/busybox:latest`
  await lighter.run(`lighter pull -q ${image}`)
  // An image with the same layers would make the peer's pull a look-up.
  await podman.run('podman rmi -fa >/dev/null 2>&1; true')
  await podman.run(`podman pull -q --tls-verify=false ${image}`)
  const measure = async (title: string, words: string, reset?: string) =>
    record(title, await compare(peers.contenders(words, reset), rounds))

  await measure('`run --rm busybox true`, default network', 'run --rm IMAGE true')
  await peers.each(`ENGINE run -d --label bench --name other IMAGE sh -c 'seq 1000; sleep 10000'`)
  await measure('the same while another container runs', 'run --rm IMAGE true')
  await measure('`run --rm --network none busybox true`', 'run --rm --network none IMAGE true')
  await measure('`exec C true`', 'exec other true')
  await measure('`ps`', 'ps')
  await measure('`logs C`, 1,000 lines', 'logs other')
  await measure('`inspect C`', 'inspect other')
  await measure('`create busybox true`', 'create --label bench --name made IMAGE true', 'rm made')
  await peers.each(`ENGINE create --label bench --name started IMAGE ${POLITE}`)
  await measure('`start C`', 'start started', 'stop started')
  await peers.each('ENGINE start started')
  await measure('`stop C`', 'stop started', 'start started')
  await measure(
    '`rm -f C`, of a running container',
    'rm -f started',
    `run -d --label bench --name started IMAGE ${POLITE}`,
  )
  await peers.each('ENGINE rm -f started')

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
    ],
    'MiB',
  )
  await peers.each('ENGINE rm -f other')
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

/** Most containers of a machine have ended; making a thousand takes the peers some minutes. */
async function measureCrowd(peers: Peers): Promise<void> {
  await peers.each(
    `for half in a b; do (
       for i in $(seq 500); do ENGINE create --label bench --name crowd-$half-$i IMAGE true; done
       for i in $(seq 25); do ENGINE run -d --label bench --name live-$half-$i IMAGE ${POLITE}; done
     ) & done; wait`,
  )
  const measure = async (title: string, words: string) =>
    record(title, await compare(peers.contenders(words), Math.min(rounds, 9)))
  await measure('`ps`, 1,000 stopped and 50 running containers', 'ps')
  await measure('`ps -a` of them', 'ps -a')
  await peers.each('ENGINE rm -f $(ENGINE ps -aq --filter label=bench)')
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

await main()
