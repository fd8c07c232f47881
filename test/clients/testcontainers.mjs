// What users of Testcontainers do. The images are busybox, postgres, redis and ryuk.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'

const require = createRequire(`${process.env.CLIENT_MODULES}/`)
const { GenericContainer, Network, Wait, getContainerRuntimeClient } = require('testcontainers')
const { PostgreSqlContainer } = require('@testcontainers/postgresql')
const { RedisContainer } = require('@testcontainers/redis')
const run = promisify(execFile)

const leftovers = []
after(async () => {
  for (const each of leftovers) await each.stop()
})

describe('modules', () => {
  test('PostgreSQL', async () => {
    const database = await new PostgreSqlContainer('postgres:latest').start()
    leftovers.push(database)
    const ask = async (uri, sql) => (await run('psql', [uri, '-Atc', sql])).stdout.trim()
    assert.equal(await ask(database.getConnectionUri(), 'SELECT 6 * 7'), '42')
    await ask(database.getConnectionUri(), 'CREATE TABLE t AS SELECT 1 AS one')
    await database.snapshot()
    await ask(database.getConnectionUri(), 'DROP TABLE t')
    await database.restoreSnapshot()
    assert.equal(await ask(database.getConnectionUri(), 'SELECT one FROM t'), '1')
  })

  test('Redis with a password', async () => {
    const redis = await new RedisContainer('redis:latest').withPassword('word').start()
    leftovers.push(redis)
    const words = ['-h', redis.getHost(), '-p', `${redis.getPort()}`, '--no-auth-warning']
    const { stdout } = await run('redis-cli', [...words, '-a', 'word', 'INCR', 'n'])
    assert.equal(stdout.trim(), '1')
    // Its executeCliCmd gives the password as one word with its flag, which redis-cli does not know.
    const inside = await redis.exec(['redis-cli', '-a', 'word', 'get', 'n'])
    assert.match(inside.output, /^1$/m)
  })
})

describe('generic containers', () => {
  test('files, exec, logs, restart', async () => {
    const box = await new GenericContainer('busybox:latest')
      .withCommand(['sh', '-c', 'echo ready; exec nc -ll -p 7 -e cat /etc/told'])
      .withEnvironment({ A: 'b' })
      .withExposedPorts(7)
      .withCopyContentToContainer([{ content: 'told\n', target: '/etc/told' }])
      .withWaitStrategy(Wait.forAll([Wait.forLogMessage('ready'), Wait.forListeningPorts()]))
      .withTmpFs({ '/scratch': 'rw' })
      .withLabels({ x: 'y' })
      .start()
    leftovers.push(box)
    assert.deepEqual(await box.exec(['sh', '-c', 'echo $A; exit 3']), {
      exitCode: 3,
      output: 'b\n',
      stdout: 'b\n',
      stderr: '',
    })
    const heard = await new Promise((resolve, reject) => {
      const socket = connect(box.getMappedPort(7), box.getHost())
      socket.once('data', (bytes) => resolve(bytes.toString()))
      socket.once('error', reject)
    })
    assert.equal(heard, 'told\n')
    await box.restart()
    const lines = []
    const logs = await box.logs()
    for await (const chunk of logs) {
      lines.push(chunk.toString())
      if (lines.join('').split('ready').length > 2) break
    }
    let archive = ''
    for await (const chunk of await box.copyArchiveFromContainer('/etc/told')) archive += chunk
    assert.match(archive, /^told\0.*told\n/)
  })

  test('networks and aliases', async () => {
    const network = await new Network().start()
    const server = await new GenericContainer('busybox:latest')
      .withNetwork(network)
      .withNetworkAliases('server')
      .withCommand(['nc', '-ll', '-p', '7', '-e', 'echo', 'found'])
      .start()
    const client = await new GenericContainer('busybox:latest')
      .withNetwork(network)
      .withCommand(['sleep', '1000'])
      .start()
    const { output } = await client.exec(['sh', '-c', 'until nc server 7; do sleep 0.1; done'])
    assert.equal(output, 'found\n')
    await Promise.all([client.stop(), server.stop()])
    await network.stop()
  })

  test('an image built from a Dockerfile', async () => {
    const image = await GenericContainer.fromDockerfile(process.env.CONTEXT)
      .withBuildArgs({ WHO: 'you' })
      .build()
    const box = await image.withWaitStrategy(Wait.forOneShotStartup()).start()
    const client = await getContainerRuntimeClient()
    const logs = await client.container.logs(client.container.getById(box.getId()))
    let text = ''
    for await (const chunk of logs) text += chunk
    assert.match(text, /built for you/)
    await box.stop()
  })
})

test('what nobody stops, Ryuk removes', async () => {
  await new GenericContainer('busybox:latest')
    .withName('forgotten')
    .withCommand(['sleep', '1000'])
    .start()
})
