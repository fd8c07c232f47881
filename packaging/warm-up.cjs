// Runs usual commands of the bundled program in this process, then writes the code caches. See code-cache.mjs.
const { mkdirSync, readFileSync, readdirSync, writeFileSync } = require('node:fs')
const { createServer, request } = require('node:http')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { Script } = require('node:vm')

const { scripts, assets, isFirst } = JSON.parse(process.env.LIGHTER_WARM_UP)
delete process.env.LIGHTER_WARM_UP
/** What the commands print goes nowhere; this descriptor is the build's stderr. */
const REPORT = 3
const data = process.env.LIGHTER_DATA_DIR
const compiled = new Map(
  scripts.map(({ name, source, cache }) => {
    const script = new Script(readFileSync(source, 'latin1'), { filename: `${name}.cjs` })
    return [name, { script, cache, run: script.runInThisContext() }]
  }),
)
let loaded = new Map()

/** As packaging/loader.cjs has both; here the program is run many times, each time from its beginning. */
function find(name) {
  const [kind, script, path] = name.split(':')
  if (kind === 'part') return load(script).find(path)
  return kind === 'carried' ? load(script) : require(name)
}

function load(name) {
  let module = loaded.get(name)
  if (!module) {
    module = { exports: {} }
    loaded.set(name, module)
    compiled.get(name).run(find, module, module.exports)
  }
  return module.exports
}

const COMMANDS = [
  ['--version'],
  ['images'],
  ['rm', '-f', 'warm'],
  ['create', '--name', 'warm', 'lighter/hello'],
  ['run', '--rm', 'lighter/hello', 'true'],
  ['run', '--rm', '--userns', 'keep-id', 'lighter/hello', 'true'],
  ['run', '-it', '-e', 'A=B', '-v', 'volume:/data', '--name', 'other', 'lighter/hello'],
  ['run', '-d', '--rm', '--network', 'none', 'lighter/hello', 'true'],
  [
    'container',
    'run',
    '--rm',
    '--memory',
    '1g',
    '--shm-size',
    '1m',
    '--mount',
    'type=tmpfs,target=/t',
    'lighter/hello',
  ],
  ['ps'],
  ['ps', '-a'],
  ['ps', '--format', '{{.Names}} {{.Status}}'],
  ['inspect', 'warm'],
  ['inspect', '--format', '{{.State.Running}} {{json .Config.Env}}', 'warm'],
  ['exec', 'warm', 'true'],
  ['exec', '-it', 'warm', 'sh'],
  ['logs', 'warm'],
  ['rm', '-f', 'other'],
]

// Nothing is started: a command that comes this far has gone all its way.
process.execve = () => {
  throw new Error('not during the build')
}
process.exit = (code) => {
  process.exitCode = code ?? 0
  throw new Error('not during the build')
}
// Commands leave when nothing is left to wait for; this process goes on.
process.getActiveResourcesInfo = () => ['build']
const getBuiltinModule = process.getBuiltinModule
process.getBuiltinModule = (name) =>
  name === 'node:sea'
    ? { getRawAsset: (asset) => new Uint8Array(readFileSync(assets[asset])).buffer }
    : getBuiltinModule.call(process, name)

/** `exec` wants a running container: this process stands in for it. */
function pretendRunning() {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')
  const self = { pid: process.pid, startTime: fields[19], bootId }
  const state = {
    version: 1,
    status: 'running',
    ...self,
    monitor: self,
    startedAt: '2000-01-01T00:00:00Z',
  }
  for (const id of readdirSync(join(data, 'containers')))
    writeFileSync(join(data, 'containers', id, 'state.json'), JSON.stringify(state))
}

async function run(words) {
  process.exitCode = undefined
  process.argv = ['lighter', 'lighter', ...words]
  if (words[0] === 'exec') pretendRunning()
  loaded = new Map()
  load('lighter')
  for (let waited = 0; process.exitCode === undefined && waited < 500; waited++) await sleep(10)
}

/** Commands that many scripts call often, and the parts that they need. */
const ENOUGH = {
  '--version': ['lighter'],
  ps: ['lighter', 'listing', 'formats'],
  // Collects what the first warm-up left behind.
  'ps -a': ['lighter', 'listing', 'launch', 'containers'],
  exec: ['lighter', 'launch', 'containers'],
  logs: ['lighter', 'reading'],
  inspect: ['lighter', 'listing', 'reading', 'formats'],
  create: ['lighter', 'launch'],
  run: ['lighter', 'launch'],
  pull: ['lighter', 'registry'],
  build: ['lighter', 'build'],
  // To the first answer.
  'system service': ['lighter', 'service'],
}

/** Whoever adds an import may not see what it costs. */
function reportLoaded(words) {
  const enough = ENOUGH[words.join(' ')] ?? ENOUGH[words[0]]
  const beyond = enough ? [...loaded.keys()].filter((name) => !enough.includes(name)) : []
  if (beyond.length > 0)
    writeFileSync(
      REPORT,
      `'${words.join(' ')}' loads '${beyond.join("', '")}' too: see scripts.mjs\n`,
    )
}

/** A registry with the carried image, which is in the store by then; resolves to an image reference. */
function startRegistry() {
  const blob = (digest) => readFileSync(join(data, 'blobs', digest.replace(':', '/')))
  const answer = ({ url, method }, response) => {
    const [, , kind, what] = /^\/v2\/([^/]*)\/?([^/]*)\/?(.*)$/.exec(url) ?? []
    if (!kind) return response.end()
    const [image] = JSON.parse(readFileSync(join(data, 'index.json'), 'utf8')).manifests
    const digest = kind === 'manifests' ? image.digest : what
    response.setHeader('docker-content-digest', digest)
    if (kind === 'manifests') response.setHeader('content-type', image.mediaType)
    response.end(method === 'HEAD' ? undefined : blob(digest))
  }
  return new Promise((resolve) => {
    const server = createServer(answer).listen(0, '127.0.0.1', () => {
      server.unref()
      resolve(`127.0.0.1:${server.address().port}/hello:latest`)
    })
  })
}

/** A context with a copy; a step would be a container. */
function makeContext() {
  const context = join(data, 'context')
  mkdirSync(context, { recursive: true })
  const lines = [
    'FROM lighter/hello',
    'ARG A=1',
    'ENV B=$A',
    'COPY Dockerfile /',
    'CMD ["true"]',
    '',
  ]
  writeFileSync(join(context, 'Dockerfile'), lines.join('\n'))
  return context
}

/** What most clients ask a service for, in this order. */
const ASKED = [
  ['GET', '/v1.45/version'],
  ['GET', '/v1.45/info'],
  ['GET', '/v1.45/containers/json?all=1'],
  ['GET', '/v1.45/containers/warm/json'],
  ['GET', '/v1.45/images/json'],
  ['GET', '/v1.45/images/lighter/hello/json'],
  ['GET', '/v1.45/networks'],
  ['GET', '/v1.45/volumes'],
  ['POST', '/v1.45/containers/create?name=asked', { Image: 'lighter/hello', HostConfig: {} }],
  ['DELETE', '/v1.45/containers/asked'],
]

async function warmService() {
  const socketPath = join(data, 'warm.sock')
  const ended = run(['system', 'service', `unix://${socketPath}`])
  const ask = ([method, path, body]) =>
    new Promise((resolve) => {
      const headers = { 'Content-Type': 'application/json' }
      request({ socketPath, method, path, headers, agent: false }, (answer) =>
        answer.resume().on('close', () => resolve(true)),
      )
        .on('error', () => resolve(false))
        .end(body && JSON.stringify(body))
    })
  while (process.exitCode === undefined && !(await ask(['GET', '/_ping']))) await sleep(10)
  if (!isFirst) reportLoaded(['system', 'service'])
  for (const asked of ASKED) await ask(asked)
  process.emit('SIGTERM')
  await ended
}

async function main() {
  const image = await startRegistry()
  const context = makeContext()
  COMMANDS.push(['build', '-q', '-t', 'warm', context], ['build', '-t', 'warm', context])
  COMMANDS.push(['pull', '-q', image], ['pull', image])
  for (const words of COMMANDS) {
    try {
      await run(words)
    } catch (error) {
      writeFileSync(REPORT, `warm-up of '${words.join(' ')}': ${error.message}\n`)
    }
    if (!isFirst) reportLoaded(words)
  }
  await warmService()
  for (const [name, { script, cache }] of compiled) {
    if (!loaded.has(name)) load(name)
    writeFileSync(cache, script.createCachedData())
  }
  process.reallyExit(0)
}

main()
