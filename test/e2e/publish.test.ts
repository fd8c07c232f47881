import { execFileSync, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeOtherHost, type OtherHost } from '../helpers/other-host.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`
const serve = 'mkdir /w; echo hello > /w/index.html; exec busybox httpd -f -vv -p 80 -h /w'

let other: OtherHost
let world: World
const lighter = (...args: string[]) => world.lighter(args)
const portOf = async (name: string) =>
  (await lighter('port', name, '80')).stdout.split('\n')[0]?.split(':')[1] ?? ''
/** Asks over bash's own sockets; again while nobody listens in the container yet. */
const ask =
  'for i in $(seq 300); do exec 3<>/dev/tcp/$0/$1 && printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3 && said=$(cat <&3) && [ "$said" ] && echo "$said" && exit; sleep 0.1; done 2>/dev/null'
const get = (from: 'here' | 'there', address: string, port: string) => {
  const command = ['bash', '-c', ask, address, port]
  const [program = '', ...args] = from === 'here' ? command : [...other.enter, ...command]
  return execFileSync(program, args, { encoding: 'utf8' })
}
/** How often the container's server names that client. */
const namings = async (name: string, address: string) => {
  const { stdout, stderr } = await lighter('logs', name)
  const client = `[${address.includes(':') ? '' : '::ffff:'}${address}]`
  return `${stdout}${stderr}`.split(client).length - 1
}
const sawClient = (name: string, address: string, before = 0) =>
  until(async () => (await namings(name, address)) > before)

beforeAll(async () => {
  other = makeOtherHost()
  world = makeWorld('publish')
  const { exitCode, stderr } = await lighter(
    'run',
    '-d',
    '--name',
    'web',
    '-p',
    '80',
    image,
    'sh',
    '-c',
    serve,
  )
  expect({ exitCode, stderr: exitCode ? stderr : '' }).toEqual({ exitCode: 0, stderr: '' })
})
afterAll(async () => {
  other?.remove()
  await world?.remove()
})

/** Policy rules of the shared network namespace. */
const rules = () => {
  const forwarder = execFileSync('pgrep', ['-u', `${world.ids.uid}`, '-x', 'lighter-ports'])
  const inside = ['-t', `${forwarder}`.trim(), '-n', 'ip', 'rule']
  return execFileSync('nsenter', inside, { encoding: 'utf8' })
}
/** The processes that wait to make such rules. */
const waiting = () =>
  spawnSync('pgrep', ['-u', `${world.ids.uid}`, '-x', 'lighter-route'], { encoding: 'utf8' }).stdout

test("the container sees the client's own address, and the gateway's for loopback", async () => {
  const port = await portOf('web')
  expect(get('here', '127.0.0.1', port)).toContain('hello\n')
  await sawClient('web', '172.17.0.1')
  // Rules slow every packet down: none before a client needs them.
  expect(rules()).not.toContain('fwmark')
  expect(waiting()).toMatch(/^\d+\n$/)
  expect(get('there', other.here, port)).toContain('hello\n')
  await sawClient('web', other.address)
  expect(rules()).toContain('fwmark')
  await until(() => waiting() === '')
})

test('a container reaches a published port through the gateway and through the host', async () => {
  const port = await portOf('web')
  for (const address of ['172.17.0.1', other.here]) {
    const answer = await lighter('run', '--rm', image, 'wget', '-qO-', `http://${address}:${port}/`)
    expect(answer).toMatchObject({ exitCode: 0, stdout: 'hello\n' })
  }
})

test('on a network with IPv6 a client of IPv6 shows its own address, over TCP and UDP', async () => {
  const subnets = ['--subnet', '10.88.0.0/24', '--subnet', 'fd18:88::/64']
  expect(await lighter('network', 'create', '--ipv6', ...subnets, 'six')).toMatchObject({
    exitCode: 0,
  })
  const ports = ['-p', '80', '-p', '5000/udp']
  const name = ['--name', 'six', '--network', 'six']
  expect(await lighter('run', '-d', ...name, ...ports, image, 'sh', '-c', serve)).toMatchObject({
    exitCode: 0,
  })
  const datagrams = (await lighter('port', 'six', '5000/udp')).stdout.split('\n')[0] ?? ''
  const send = ['bash', '-c', 'echo x > /dev/udp/$0/$1', other.here6, `${datagrams.split(':')[1]}`]
  const port = await portOf('six')
  expect(get('there', other.here6, port)).toContain('hello\n')
  await sawClient('six', other.address6)
  expect(get('there', other.here, port)).toContain('hello\n')
  await sawClient('six', other.address)
  expect(get('here', '::1', port)).toContain('hello\n')
  await sawClient('six', 'fd18:88::1')
  const [program = '', ...args] = [...other.enter, ...send]
  execFileSync(program, args)
  // The forwarder asks the container as that client.
  const forwarders = execFileSync('pgrep', ['-u', `${world.ids.uid}`, '-x', 'lighter-ports'])
  const inside = ['-t', `${forwarders}`.trim(), '-n', 'ss', '-Hun', 'dst', '[fd18:88::2]:5000']
  await until(
    () => `${execFileSync('nsenter', inside)}`.includes(` [${other.address6}]:`),
    'the datagram goes on',
  )
})

// The kernel forgets such a connection after a minute without a word, and takes the answer for a new one.
test('what a client has half closed is answered, however late', async () => {
  const late = 'nc -l -p 80 -e sh -c "cat; sleep 6; echo late"'
  await lighter('run', '-d', '--name', 'late', '-p', '80', image, 'sh', '-c', late)
  const forwarder = execFileSync('pgrep', ['-u', `${world.ids.uid}`, '-x', 'lighter-ports'])
  const patience = '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait'
  const shorten = ['sh', '-c', `echo 2 >${patience}`]
  execFileSync('nsenter', ['-t', `${forwarder}`.trim(), '-n', ...shorten])
  // Nobody may listen in the container yet.
  const talk = `echo early | busybox nc ${other.here} ${await portOf('late')}`
  const command = `for i in $(seq 100); do said=$(${talk}); [ "$said" ] && break; sleep 0.1; done; echo "$said"`
  const [program = '', ...args] = [...other.enter, 'sh', '-c', command]
  expect(execFileSync(program, args, { encoding: 'utf8', timeout: 60_000 })).toBe('early\nlate\n')
  await lighter('rm', '-f', 'late')
})

test('a killed forwarder is replaced, and clients of the gap are served', async () => {
  const port = await portOf('web')
  const find = () =>
    execFileSync('pgrep', ['-u', `${world.ids.uid}`, '-x', 'lighter-ports'], { encoding: 'utf8' })
  const before = find()
  const known = await namings('web', other.address)
  process.kill(Number(before), 'SIGKILL')
  expect(get('there', other.here, port)).toContain('hello\n')
  expect(find()).not.toBe(before)
  await sawClient('web', other.address, known)
})

test('a port that is taken is refused, and free again when its container is gone', async () => {
  const port = await portOf('web')
  const second = await lighter(
    'run',
    '-d',
    '--name',
    'second',
    '-p',
    `${port}:80`,
    image,
    'sleep',
    '9',
  )
  expect(second.exitCode).toBe(125)
  const endpoint = String.raw`on endpoint second \([0-9a-f]{64}\)`
  expect(second.stderr).toMatch(
    new RegExp(
      `driver failed programming external connectivity ${endpoint}: Bind for 0.0.0.0:${port} failed: port is already allocated`,
    ),
  )
  await lighter('rm', '-f', 'second')
  await lighter('rm', '-f', 'web')
  const third = await lighter('run', '-d', '-p', `${port}:80`, image, 'sh', '-c', serve)
  expect(third.exitCode).toBe(0)
})
