import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { until } from '../helpers/until.ts'
import { type CallOptions, finish, makeWorld, type Outcome, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`
const ID = /^sha256:[0-9a-f]{64}$/

let world: World
let context: string

beforeAll(async () => {
  world = makeWorld('build-command')
  context = join(world.home, 'context')
  mkdirSync(context)
  writeFileSync(join(context, 'file'), 'content\n')
  write('Dockerfile', 'FROM scratch', 'COPY file /file', 'LABEL a=b')
  write('fails', `FROM ${image}`, 'RUN echo said; exit 7')
  write('waits', `FROM ${image}`, 'RUN echo begun; sleep 60')
  write('warns', 'from scratch', 'COPY file /file', 'CMD echo')
})
afterAll(() => world.remove())

const write = (name: string, ...lines: string[]): void =>
  writeFileSync(join(context, name), `${lines.join('\n')}\n`)

const build = (args: string[], options?: CallOptions): Promise<Outcome> =>
  world.lighter(['build', ...args], options)

describe('what a build says', () => {
  test('progress goes to standard error, and nothing else', async () => {
    const { exitCode, stdout, stderr } = await build(['--no-cache', '-t', 'said', context])
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    expect(stderr).toMatch(
      /^#0 building with "default" instance using docker driver\n\n#1 \[internal\] load build definition from Dockerfile\n/,
    )
    expect(stderr).toMatch(/\n\n#\d+ \[1\/1\] COPY file \/file\n#\d+ DONE \d+\.\ds\n\n/)
    expect(stderr).toMatch(
      /\n#\d+ naming to docker\.io\/library\/said (\d+\.\ds )?done\n#\d+ DONE \d+\.\ds\n$/,
    )
    const again = await build(['-t', 'said', '-t', 'said:latest', context])
    expect(again.stderr).toMatch(
      /\n#\d+ naming to docker\.io\/library\/said (\d+\.\ds )?done\n#\d+ naming to docker\.io\/library\/said:latest /,
    )
    expect(again.stderr).toMatch(/\n#\d+ \[1\/1\] COPY file \/file\n#\d+ CACHED\n/)
  })

  test('-q: the id alone', async () => {
    const { stdout, stderr } = await build(['-q', '-t', 'quiet', context])
    expect(stderr).toBe('')
    expect(stdout.trimEnd()).toMatch(ID)
    const inspected = await world.lighter(['inspect', '--format', '{{.Id}}', 'quiet'])
    expect(inspected.stdout).toBe(stdout)
  })

  test('quiet progress: the id alone, too', async () => {
    const quiet = await build(['--progress', 'quiet', context])
    expect(quiet).toEqual(await build(['-q', context]))
  })

  test('how much of a context was read', async () => {
    mkdirSync(join(context, 'part'))
    writeFileSync(join(context, 'part/a'), Buffer.alloc(12_345))
    writeFileSync(join(context, 'part/other'), Buffer.alloc(99_999))
    writeFileSync(join(context, '.dockerignore'), 'nosuch\n')
    write('reads', 'FROM scratch', 'COPY part/a /', 'COPY part/a file /to/')
    const { stderr } = await build(['-f', join(context, 'reads'), context])
    rmSync(join(context, '.dockerignore'))
    expect(stderr).toMatch(
      /\n#(\d+) \[internal\] load \.dockerignore\n#\1 transferring context: 7B done\n/,
    )
    expect(stderr).toMatch(
      /\n#(\d+) \[internal\] load build context\n#\1 transferring context: 12\.35kB (\d\.\ds )?done\n#\1 DONE/,
    )
  })

  test('a user that the image does not have: the lines of the Dockerfile', async () => {
    write('stranger', `FROM ${image}`, 'USER nosuch', 'RUN id')
    const { exitCode, stderr } = await build(['-f', join(context, 'stranger'), context])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('\n   3 | >>> RUN id\n')
    expect(stderr).toMatch(
      /\nERROR: failed to solve: process "\/bin\/sh -c id" did not complete successfully: unable to find user nosuch: no matching entries in passwd file\n$/,
    )
  })

  test('a file that is missing: its step says so without the prefix of the whole', async () => {
    write('misses', 'FROM scratch', 'COPY nosuch /')
    const { stderr } = await build(['-f', join(context, 'misses'), context])
    expect(stderr).toMatch(
      /\n#\d+ ERROR: failed to calculate checksum of ref \w+: "\/nosuch": not found\n/,
    )
    expect(stderr).toMatch(
      /\nERROR: failed to solve: failed to compute cache key: failed to calculate checksum of ref \w+: "\/nosuch": not found\n$/,
    )
  })

  test('an image that a registry does not have', async () => {
    const name = `${inject('registry')}/nosuch:1`
    write('nobody', `FROM ${name}`)
    const { stderr } = await build(['-f', join(context, 'nobody'), context])
    expect(stderr).toMatch(new RegExp(`\\n#\\d+ ERROR: ${name}: not found\\n`))
    expect(stderr).toMatch(
      new RegExp(`${name}: failed to resolve source metadata for ${name}: ${name}: not found\\n$`),
    )
  })

  test('an image of a registry is shown with its digest, once', async () => {
    const from = async (name: string): Promise<string | undefined> => {
      write('elsewhere', `FROM ${name}`, 'ENV a=b')
      const { stderr } = await build(['--pull', '-f', join(context, 'elsewhere'), context])
      return /\n#\d+ \[1\/1\] FROM (.*)\n/.exec(stderr)?.[1]
    }
    const shown = (await from(image)) ?? ''
    expect(shown).toMatch(/:latest@sha256:[0-9a-f]{64}$/)
    const byDigest = shown.replace(':latest@', '@')
    expect(await from(byDigest)).toBe(byDigest)
  })

  test.each(['type=bad', 'type=s3,bucket=x', 'type=inline'])(
    '--cache-from %s: is told of, and the build goes on',
    async (spec) => {
      const { exitCode, stderr } = await build(['--cache-from', spec, context])
      const type = /=([a-z0-9]+)/.exec(spec)?.[1]
      expect(exitCode).toBe(0)
      expect(stderr).toMatch(
        new RegExp(
          `\\n(#\\d+) importing cache manifest from ${type}\\n\\1 ERROR: unknown cache importer: "${type}"\\n`,
        ),
      )
    },
  )

  test('removal leaves the layers that the cache has', async () => {
    const { stdout } = await build(['-q', '--label', 'own=1', '-t', 'removed', context])
    const removal = await world.lighter(['rmi', 'removed'])
    expect(removal.stdout).toBe(`Untagged: removed:latest\nDeleted: ${stdout}`)
  })

  test('the id and what else there is to tell, in files', async () => {
    const files = ['id', 'metadata'].map((name) => join(world.home, name))
    const [idFile = '', metadataFile = ''] = files
    const { stdout } = await build([
      '-q',
      '--iidfile',
      idFile,
      '--metadata-file',
      metadataFile,
      context,
    ])
    expect(readFileSync(idFile, 'utf8')).toBe(stdout.trimEnd())
    expect(JSON.parse(readFileSync(metadataFile, 'utf8'))).toMatchObject({
      'containerimage.config.digest': stdout.trimEnd(),
    })
    expect((await build(['--iidfile', idFile, '-f', 'nosuch', context])).exitCode).toBe(1)
    expect(() => readFileSync(idFile)).toThrow('ENOENT')
    for (const file of files) rmSync(file, { force: true })
  })

  test('rawjson: documents only', async () => {
    const { stderr } = await build(['--progress', 'rawjson', context])
    const documents = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(
      documents.flatMap(({ vertexes = [] }) => vertexes.map(({ name }: { name: string }) => name)),
    ).toContain('[1/1] COPY file /file')
  })

  test('a step that fails: its last lines, the lines of the Dockerfile, the reason', async () => {
    const { exitCode, stdout, stderr } = await build(['-f', join(context, 'fails'), context])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    const reason =
      'process "/bin/sh -c echo said; exit 7" did not complete successfully: exit code: 7'
    expect(stderr.replace(/\n#\d+ ERROR/, '\n# ERROR')).toContain(`\n# ERROR: ${reason}\n`)
    expect(
      stderr.slice(stderr.indexOf('------\n')).replace(/\d\.\d{3} said/, 'T said'),
    ).toBe(`------
 > [2/2] RUN echo said; exit 7:
T said
------
fails:2
--------------------
   1 |     FROM ${image}
   2 | >>> RUN echo said; exit 7
   3 |     
--------------------
ERROR: failed to solve: ${reason}
`)
  })

  test('warnings come last; --check has them alone', async () => {
    const file = ['-f', join(context, 'warns')]
    const { stderr } = await build([...file, context])
    expect(stderr).toMatch(
      /\n\n 2 warnings found \(use docker --debug to expand\):\n - ConsistentInstructionCasing: .* \(line 1\)\n - JSONArgsRecommended: .* \(line 3\)\n$/,
    )
    const check = await build(['--check', ...file, context])
    expect(check.exitCode).toBe(1)
    expect(check.stdout).toMatch(
      /^Check complete, 2 warnings have been found!\n\nWARNING: ConsistentInstructionCasing - https:/,
    )
    expect(await build(['--check', '-q', context])).toEqual({
      exitCode: 0,
      stdout: 'Check complete, no warnings found.\n',
      stderr: '',
    })
    expect((await build(['--call=targets', '-q', ...file, context])).stdout).toBe(
      'TARGET      DESCRIPTION\n(default)\n',
    )
  })

  test('an interrupt ends it', async () => {
    const child = world.start(['build', '-f', join(context, 'waits'), context])
    let said = ''
    child.stderr.on('data', (bytes) => {
      said += bytes
    })
    const ended = finish(child)
    await until(() => / begun\n/.test(said))
    child.kill('SIGINT')
    const { exitCode, stderr } = await ended
    expect(exitCode).toBe(130)
    expect(stderr).toMatch(/\n#\d+ CANCELED\nERROR: failed to solve: Canceled: context canceled\n$/)
  })
})

describe('what is refused before anything is built', () => {
  test.each([
    [['--progress', 'nonsense', '.'], 1, 'ERROR: invalid progress mode nonsense\n'],
    [
      ['--progress', 'tty', '.'],
      1,
      'ERROR: failed to get console: provided file is not a console\n',
    ],
    [
      ['-q', '--progress', 'plain', '.'],
      1,
      'ERROR: progress=plain and quiet cannot be used together\n',
    ],
    [['--builder', 'nosuch', '.'], 1, 'ERROR: no builder "nosuch" found\n'],
    [['-o', 'type=zz', '.'], 1, 'ERROR: failed to solve: exporter "zz" could not be found\n'],
    [['nosuch'], 1, 'ERROR: unable to prepare context: path "nosuch" not found\n'],
    [['--secret', 'foo', '.'], 1, "ERROR: invalid field 'foo' must be a key=value pair\n"],
    [
      ['--ulimit', 'zz', '.'],
      125,
      'invalid argument "zz" for "--ulimit" flag: invalid ulimit argument: zz\nSee \'lighter buildx build --help\'.\n',
    ],
    [
      [],
      1,
      'ERROR: "lighter buildx build" requires exactly 1 argument.\nSee \'lighter buildx build --help\'.\n\nUsage:  lighter buildx build [OPTIONS] PATH | URL | -\n\nStart a build\n',
    ],
  ])('%j', async (args, exitCode, stderr) => {
    const { stderr: said, ...outcome } = await build(args)
    const told = said.replace(/^#0 .*\n\n/, '')
    expect({ ...outcome, stderr: told }).toEqual({ exitCode, stdout: '', stderr })
  })

  test('what DOCKER_BUILDKIT says', async () => {
    const env = { DOCKER_BUILDKIT: 'x' }
    expect(await build(['-q', context], { env })).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'DOCKER_BUILDKIT environment variable expects boolean value: strconv.ParseBool: parsing "x": invalid syntax\n',
    })
  })

  test('flags of the builder before BuildKit do nothing', async () => {
    const args = ['--squash', '--isolation', 'x', '--compress', '-m', '1g', '--rm=false', '-q']
    const { exitCode, stderr } = await build([...args, context])
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr:
        'WARNING: isolation flag is deprecated with BuildKit.\nWARNING: experimental flag squash is removed with BuildKit. You should squash inside build using a multi-stage Dockerfile for efficiency.\n',
    })
  })
})

test('builders as scripts use them', async () => {
  const buildx = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await world.lighter(['buildx', ...args])
    expect({ args, exitCode, stderr }).toMatchObject({ args, exitCode: 0 })
    return stdout + stderr
  }
  expect(await buildx('version')).toMatch(/^github\.com\/docker\/buildx v\d+\.\d+\.\d+ /)
  expect(await buildx('create', '--name', 'ci', '--driver', 'docker-container', '--use')).toBe(
    'ci\n',
  )
  expect(await buildx('inspect', '--bootstrap')).toMatch(
    /^Name: {3}ci\nDriver: docker-container\n\nNodes:\nName: {13}ci0\n/,
  )
  expect(await buildx('build', '--load', '-t', 'ci-made', context)).toMatch(
    /^#0 building with "ci" instance using docker-container driver\n/,
  )
  expect(await buildx('ls', '--format', '{{.Name}}')).toBe('ci\nci0\ndefault\ndefault\n')
  expect(await buildx('rm', 'ci')).toBe('ci removed\n')
  expect(await buildx('ls')).toMatch(
    /^NAME\/NODE .*\ndefault\* +docker +\n \\_ default +\\_ default +running +v/,
  )
})

test('the cache is shown and pruned', async () => {
  await build(['-q', context])
  const shown = await world.lighter(['buildx', 'du'])
  expect(shown.stdout).toMatch(
    /^ID\t{6}RECLAIMABLE\tSIZE\t\tLAST ACCESSED\n[0-9a-f]{25} +\ttrue \t\t/,
  )
  expect(shown.stdout).toMatch(/\nReclaimable:\t\S+\nTotal:\t\t\S+\n$/)
  expect((await world.lighter(['system', 'df'])).stdout).toMatch(
    /\nBuild Cache {5}[1-9]\d* +0 +\d\S* +\d\S*B\n$/,
  )
  const detailed = await world.lighter(['system', 'df', '-v', '--format', '{{json .BuildCache}}'])
  expect(JSON.parse(detailed.stdout)).toContainEqual(
    expect.objectContaining({ CacheType: 'regular', InUse: 'false', UsageCount: '1' }),
  )
  const asked = await world.lighter(['builder', 'prune'], { input: 'n\n' })
  expect(asked.stdout).toBe(
    'WARNING! This will remove all dangling build cache. Are you sure you want to continue? [y/N] ',
  )
  const pruned = await world.lighter(['builder', 'prune', '-af'])
  expect(pruned.stdout).toMatch(/\nTotal:\t\S+\n$/)
  expect((await world.lighter(['buildx', 'du'])).stdout).toBe('Reclaimable:\t0B\nTotal:\t\t0B\n')
  expect((await world.lighter(['system', 'df'])).stdout).toMatch(
    /\nBuild Cache {5}0 {9}0 {9}0B {8}0B\n$/,
  )
})
