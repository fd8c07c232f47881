// What users of dockerode do, against the engine of DOCKER_HOST. The only image is busybox:latest.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'

const require = createRequire(`${process.env.CLIENT_MODULES}/`)
const Docker = require('dockerode')
const tar = require('tar-stream')

const socketPath = process.env.DOCKER_HOST.replace('unix://', '')
const docker = new Docker({ socketPath })
const IMAGE = 'busybox:latest'

async function read(stream) {
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const follow = (stream) =>
  new Promise((resolve, reject) =>
    docker.modem.followProgress(stream, (error, output) =>
      error ? reject(error) : resolve(output),
    ),
  )

/** Both streams of a multiplexed one. */
async function demux(stream) {
  const [out, err] = [new PassThrough(), new PassThrough()]
  docker.modem.demuxStream(stream, out, err)
  stream.on('end', () => {
    out.end()
    err.end()
  })
  const [stdout, stderr] = await Promise.all([read(out), read(err)])
  return { stdout: stdout.toString(), stderr: stderr.toString() }
}

function pack(files) {
  const archive = tar.pack()
  for (const [name, text] of Object.entries(files)) archive.entry({ name }, text)
  archive.finalize()
  return archive
}

async function withBox(options, work) {
  const box = await docker.createContainer({ Image: IMAGE, ...options })
  try {
    return await work(box)
  } finally {
    await box.remove({ force: true, v: true })
  }
}

describe('containers', () => {
  test('run with its output', async () => {
    const out = new PassThrough()
    const [{ StatusCode }, box] = await docker.run(IMAGE, ['sh', '-c', 'echo hi; exit 4'], out)
    assert.equal(StatusCode, 4)
    assert.equal(out.read()?.toString(), 'hi\r\n')
    await box.remove()
  })

  test('attach with hijack, before the start', () =>
    withBox({ Cmd: ['cat'], OpenStdin: true, StdinOnce: true }, async (box) => {
      const stream = await box.attach({
        stream: true,
        stdin: true,
        stdout: true,
        stderr: true,
        hijack: true,
      })
      const waited = box.wait({ condition: 'next-exit' })
      await box.start()
      stream.write('there\n')
      stream.end()
      assert.deepEqual(await demux(stream), { stdout: 'there\n', stderr: '' })
      assert.equal((await waited).StatusCode, 0)
    }))

  test('exec, demultiplexed and with a terminal', () =>
    withBox({ Cmd: ['sleep', '1000'], HostConfig: { Init: true } }, async (box) => {
      await box.start()
      const make = (Tty, script) =>
        box.exec({ Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true, Tty })
      const plain = await make(false, 'echo o; echo e >&2; exit 3')
      const streams = await demux(await plain.start({ hijack: true, stdin: false }))
      assert.deepEqual(streams, { stdout: 'o\n', stderr: 'e\n' })
      const { Running, ExitCode } = await plain.inspect()
      assert.deepEqual([Running, ExitCode], [false, 3])
      const tty = await make(true, 'stty size; tty')
      const stream = await tty.start({ Tty: true, hijack: true, ConsoleSize: [24, 100] })
      assert.match((await read(stream)).toString(), /^24 100\r\n\/dev\/(pts\/\d+|console)\r\n$/)
      await box.stop({ t: 1 })
    }))

  test('logs, followed to the end', () =>
    withBox({ Cmd: ['sh', '-c', 'for i in 1 2 3; do echo $i; done'] }, async (box) => {
      await box.start()
      const stream = await box.logs({ follow: true, stdout: true, stderr: true })
      assert.deepEqual(await demux(stream), { stdout: '1\n2\n3\n', stderr: '' })
    }))

  test('stats as a stream, and once', () =>
    withBox({ Cmd: ['sleep', '1000'], HostConfig: { Init: true } }, async (box) => {
      await box.start()
      const once = await box.stats({ stream: false })
      assert.equal(once.id, box.id)
      assert.equal(typeof once.cpu_stats.cpu_usage.total_usage, 'number')
      const stream = await box.stats({ stream: true })
      const first = await new Promise((resolve) => stream.once('data', resolve))
      assert.equal(JSON.parse(first.toString()).id, box.id)
      stream.destroy()
    }))

  test('archives go in and come out', () =>
    withBox({ Cmd: ['true'] }, async (box) => {
      await box.putArchive(pack({ 'a/b': 'text' }), { path: '/tmp' })
      const found = {}
      const extract = tar.extract()
      extract.on('entry', async (header, stream, next) => {
        found[header.name] = (await read(stream)).toString()
        next()
      })
      const archive = await box.getArchive({ path: '/tmp/a' })
      await new Promise((resolve) => archive.pipe(extract).on('finish', resolve))
      assert.equal(found['a/b'], 'text')
    }))

  test('errors have Docker’s codes', async () => {
    const status = (code) => (error) => error.statusCode === code
    await assert.rejects(docker.getContainer('nosuch').inspect(), status(404))
    await assert.rejects(docker.createContainer({ Image: 'nosuch.invalid/x' }), status(404))
    await withBox({ name: 'taken' }, () =>
      assert.rejects(docker.createContainer({ Image: IMAGE, name: 'taken' }), status(409)),
    )
    await withBox({ Cmd: ['nosuch'] }, (box) => assert.rejects(box.start(), status(400)))
  })
})

describe('images', () => {
  test('build from a stream', async () => {
    const files = { Dockerfile: 'FROM busybox\nCOPY f /f\nCMD ["cat", "/f"]\n', f: 'built\n' }
    const output = await follow(await docker.buildImage(pack(files), { t: 'rode:1' }))
    assert.ok(output.some(({ stream }) => stream?.startsWith('Successfully tagged rode:1')))
    const out = new PassThrough()
    const [, box] = await docker.run('rode:1', [], out, { HostConfig: { AutoRemove: true } })
    assert.equal(out.read()?.toString(), 'built\r\n')
    assert.ok(box.id)
    const removed = await docker.getImage('rode:1').remove()
    assert.ok(removed.some(({ Untagged }) => Untagged === 'rode:1'))
  })

  test('a build that fails tells so at its end', async () => {
    const stream = await docker.buildImage(pack({ Dockerfile: 'FROM busybox\nRUN exit 7\n' }), {})
    const output = await follow(stream)
    assert.match(output.at(-1).error, /returned a non-zero code: 7/)
  })

  test('pull and push with progress', async () => {
    const name = `${process.env.REGISTRY}/busybox`
    const pulled = await follow(await docker.pull(`${name}:latest`))
    assert.ok(pulled.some(({ status }) => status?.startsWith('Status: ')))
    await docker.getImage(`${name}:latest`).tag({ repo: name, tag: 'rode' })
    const pushed = await follow(await docker.getImage(name).push({ tag: 'rode' }))
    assert.ok(pushed.some(({ aux }) => aux?.Digest?.startsWith('sha256:')))
    await docker.getImage(`${name}:rode`).remove()
    await docker.getImage(`${name}:latest`).remove()
  })

  test('import, export, save, load', async () => {
    const saved = await read(await docker.getImage(IMAGE).get())
    const loaded = await follow(await docker.loadImage(PassThrough.from([saved])))
    assert.ok(loaded.some(({ stream }) => stream?.includes('Loaded image: busybox:latest')))
    const whole = await withBox({ Cmd: ['true'] }, async (box) => read(await box.export()))
    await follow(await docker.importImage(PassThrough.from([whole]), { repo: 'flat', tag: '1' }))
    assert.equal((await docker.getImage('flat:1').inspect()).RootFS.Layers.length, 1)
    await docker.getImage('flat:1').remove()
  })
})

test('networks, volumes, and their events', async (t) => {
  const events = await docker.getEvents({ filters: { type: ['network', 'volume'] } })
  t.after(() => events.destroy())
  const seen = []
  events.on('data', (chunk) =>
    seen.push(
      ...chunk
        .toString()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).Action),
    ),
  )
  const network = await docker.createNetwork({ Name: 'rode', CheckDuplicate: true })
  await withBox({ Cmd: ['sleep', '1000'], HostConfig: { Init: true } }, async (box) => {
    await network.connect({ Container: box.id, EndpointConfig: { Aliases: ['x'] } })
    await box.start()
    const { Containers } = await network.inspect()
    assert.deepEqual(Object.keys(Containers), [box.id])
    await network.disconnect({ Container: box.id, Force: true })
  })
  await network.remove()
  await docker.createVolume({ Name: 'rode', Labels: { a: 'b' } })
  const { Volumes } = await docker.listVolumes({ filters: { label: ['a=b'] } })
  assert.deepEqual(
    Volumes.map(({ Name }) => Name),
    ['rode'],
  )
  await docker.getVolume('rode').remove()
  while (seen.at(-1) !== 'destroy' || seen.filter((action) => action === 'destroy').length < 2)
    await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(seen, [
    'create',
    'connect',
    'connect',
    'disconnect',
    'disconnect',
    'destroy',
    'create',
    'destroy',
  ])
})
