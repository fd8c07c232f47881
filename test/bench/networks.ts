import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeOtherHost } from '../helpers/other-host.ts'
import { pushLayout, type startRegistry } from '../helpers/registry.ts'
import { requests } from '../helpers/requests.ts'
import type { TestUser } from '../helpers/test-user.ts'
import { BareUplink } from './bare.ts'
import { openContestants } from './contestants.ts'
import { Figures } from './figures.ts'
import { writeIperfLayout } from './iperf-image.ts'
import { NETWORK_COLUMNS, networkCells } from './network-table.ts'
import type { World } from './worlds.ts'

/** Where each engine publishes port 5201 of `server`; port 80 of `web` is one above. */
const PORTS = { lighter: 25201, podman: 25301, docker: 25401 }
type Engine = keyof typeof PORTS
const ENGINES = Object.keys(PORTS) as Engine[]
const BARE_FORWARD = 25501
const BARE_WEB = 25502
const SECONDS = 2
const UPLINK_TIMES = 3
const UPLINK_WAYS = [
  ['container to the host through slirp4netns, TCP', ''],
  ['host to the container through slirp4netns, TCP', ' -R'],
] as const
/** How many containers there are when the time is taken. */
const CROWD = [10, 25, 50]
const REQUESTS = 1000
const AT_A_TIME = 4

/** Gigabits per second that the receiver saw. */
const speed = (report: string): number =>
  JSON.parse(report).end.sum_received.bits_per_second / 1_000_000_000
const iperf = (address: string, port = 5201) => `iperf3 -J -t ${SECONDS} -c ${address} -p ${port}`

/** Networks against the peers', a pair of veth and slirp4netns alone, in turn in one run. */
export async function measureNetworks(
  work: string,
  user: TestUser,
  registry: Awaited<ReturnType<typeof startRegistry>>,
  rounds: number,
): Promise<void> {
  const layout = mkdtempSync(join(work, 'iperf-'))
  writeIperfLayout(layout)
  pushLayout(layout, registry.host, 'busybox:latest')
  const contestants = await openContestants(work, user, layout)
  const image = `${registry.host}/busybox:latest`
  const images = { lighter: image, podman: image, docker: contestants.dockerImage }
  const say = (engine: Engine, text: string) =>
    contestants[engine].run(text.replaceAll('ENGINE', engine).replaceAll('IMAGE', images[engine]))
  const figures = new Figures('Gbit/s', 2)
  const measure = async (title: string, name: string, report: () => Promise<string>) => {
    try {
      figures.add(title, name, speed(await report()))
    } catch (error) {
      figures.fail(`${title}: ${name}: ${error instanceof Error ? error.message : error}`)
    }
  }
  const other = makeOtherHost()
  const onHost = [
    spawn('iperf3', ['-s', '-B', other.here], { stdio: 'ignore' }),
    spawn('ip', ['netns', 'exec', other.enter.at(-1) ?? '', 'iperf3', '-s'], { stdio: 'ignore' }),
    serveFiles(work),
  ]
  await contestants.podman.run(`podman pull -q --tls-verify=false ${image}`)
  const bare = await BareUplink.open(contestants.lighter, 'slirp4netns')
  await bare.forward(join(work, 'home'), BARE_FORWARD)
  try {
    for (const engine of ENGINES) await say(engine, START(PORTS[engine]))
    await sleep(1000)
    for (let round = 0; round < rounds; round++) {
      const between = 'container to container on one network, TCP'
      for (const engine of ENGINES)
        await measure(between, engine, () => say(engine, `ENGINE exec client ${iperf('server')}`))
      await measure(between, 'a pair of veth', async () => shell(iperf(other.address)))

      const published = 'host to a published port, TCP'
      for (const engine of ENGINES)
        await measure(published, engine, () => say(engine, iperf('127.0.0.1', PORTS[engine])))
      const forwarded = iperf('127.0.0.1', BARE_FORWARD)
      await measure(published, 'slirp4netns', () => contestants.lighter.run(forwarded))

      // These vary by half from one time to the next: where the kernel puts the three processes.
      for (let time = 0; time < UPLINK_TIMES; time++)
        for (const [title, way] of UPLINK_WAYS) {
          const command = `${iperf(other.here)}${way}`
          await measure(title, 'lighter', () => say('lighter', `ENGINE exec client ${command}`))
          await measure(title, 'slirp4netns', () => bare.run(command))
        }

      await measureRequests(figures)
    }
    await measureCrowd(figures, say)
    await measureServers(figures, contestants.lighter)
    await bare.close()
    await measurePasta(figures, measure, say, contestants.lighter, iperf(other.here), rounds)
  } finally {
    for (const engine of ENGINES)
      await say(
        engine,
        'ENGINE rm -f $(ENGINE ps -aq --filter label=bench) >/dev/null 2>&1; ENGINE network rm bench-net many >/dev/null; true',
      )
    await bare.close()
    await contestants.lighter.run('unset LIGHTER_UPLINK')
    for (const child of onHost) child.kill()
    other.remove()
    await contestants.close()
  }
  figures.print(rounds, NETWORK_COLUMNS, networkCells)
}

const START = (port: number) => `{
  ENGINE network create bench-net
  ENGINE run -d --label bench --name server --network bench-net -p ${port}:5201 IMAGE iperf3 -s
  ENGINE run -d --label bench --name client --network bench-net IMAGE sleep 100000
  ENGINE run -d --label bench --name web --network bench-net -p ${port + 1}:80 IMAGE \\
    sh -c 'mkdir /w; echo hello >/w/index.html; exec busybox httpd -f -p 80 -h /w'
} >/dev/null`

type Say = (engine: Engine, text: string) => Promise<string>
type Measure = (title: string, name: string, report: () => Promise<string>) => Promise<void>

/** One uplink serves all of a user's containers: lighter's other ones end before this one begins. Podman has no other. */
async function measurePasta(
  figures: Figures,
  measure: Measure,
  say: Say,
  lighter: World,
  command: string,
  rounds: number,
): Promise<void> {
  await say('lighter', 'ENGINE rm -f $(ENGINE ps -aq --filter label=bench) >/dev/null')
  await lighter.run('export LIGHTER_UPLINK=pasta')
  await say(
    'lighter',
    'ENGINE run -d --label bench --name client --network bench-net IMAGE sleep 100000 >/dev/null',
  )
  const running = await lighter.run('pgrep -u $UID -c "pasta|passt" || true')
  if (Number(running) === 0) figures.fail('lighter did not start pasta')
  const bare = await BareUplink.open(lighter, 'pasta')
  try {
    for (let round = 0; round < rounds; round++) {
      const title = 'container to the host through pasta, TCP'
      for (const engine of ['lighter', 'podman'] as const)
        await measure(title, engine, () => say(engine, `ENGINE exec client ${command}`))
      await measure(title, 'pasta', () => bare.run(command))
    }
  } finally {
    await bare.close()
  }
}

const shell = (command: string) => execFileSync('sh', ['-c', command], { encoding: 'utf8' })

/** The same server as in the containers, without one. */
function serveFiles(work: string) {
  const directory = join(work, 'files')
  mkdirSync(directory)
  writeFileSync(join(directory, 'index.html'), 'hello\n')
  const args = ['httpd', '-f', '-p', `127.0.0.1:${BARE_WEB}`, '-h', directory]
  return spawn('busybox', args, { stdio: 'ignore' })
}

/** Docker Engine publishes in a network namespace of its own. */
function enterDocker(): string[] {
  const directory = process.env.PEERS_DIR ?? '/var/tmp/lighter-peers'
  const pid = readFileSync(join(directory, 'engine.pid'), 'utf8').trim()
  return ['nsenter', `--net=/proc/${pid}/ns/net`]
}

async function measureRequests(figures: Figures): Promise<void> {
  const places: [string, number, string[]][] = [
    ['lighter', PORTS.lighter + 1, []],
    ['podman', PORTS.podman + 1, []],
    ['docker', PORTS.docker + 1, enterDocker()],
    ['no container', BARE_WEB, []],
  ]
  for (const [name, port, from] of places) {
    const url = `http://127.0.0.1:${port}/`
    const { ok, p50, p99, perSecond, errors } = await requests(url, REQUESTS, AT_A_TIME, from)
    if (ok !== REQUESTS) figures.fail(`requests of ${name}: ${JSON.stringify(errors)}`)
    figures.add('one small request over a published port, p50', name, p50, 'ms')
    figures.add('the same, p99', name, p99, 'ms')
    figures.add(`requests per second, ${AT_A_TIME} at a time`, name, perSecond, '')
  }
}

async function measureCrowd(
  figures: Figures,
  say: (engine: Engine, text: string) => Promise<string>,
): Promise<void> {
  for (const engine of ENGINES) {
    const output = await say(
      engine,
      `ENGINE network create many >/dev/null; begun=$EPOCHREALTIME
       for i in $(seq ${CROWD.at(-1)}); do
         ENGINE run -d --label bench --name many-$i --network many IMAGE sleep 100000 >/dev/null || exit
         case $i in ${CROWD.join('|')}) echo $(( \${EPOCHREALTIME/./} - \${begun/./} ));; esac
       done`,
    )
    for (const [index, text] of output.trim().split('\n').entries())
      figures.add(
        `${CROWD[index]} containers on one network started`,
        engine,
        Number(text) / 1e6,
        's',
      )
  }
}

/** While the crowd is there. The server of ports may have a process that waits for clients of other machines. */
async function measureServers(figures: Figures, lighter: World): Promise<void> {
  for (const [server = '', more = server] of [['names'], ['ports', 'route']]) {
    const resident = await lighter.run(
      `for pid in $(pgrep -u $UID -f '^lighter-native (${server}|${more})$'); do cat /proc/$pid/status; done | awk '/^VmRSS/ { sum += $2 } END { print sum }'`,
    )
    const title = `resident: the server of ${server} of all containers`
    figures.add(title, 'lighter', Number(resident) / 1024, 'MiB')
  }
}
