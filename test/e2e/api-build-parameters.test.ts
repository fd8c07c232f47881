import { expect, test } from 'vitest'
import { contextOf, json, saidBy, serveBuilds } from '../helpers/api-builds.ts'

const { world, service, build, inspected } = serveBuilds('api-parameters')

test('change what is built', async () => {
  const files = {
    'sub/Other': `FROM busybox AS wanted
ARG WHO
RUN echo $WHO > /who && cat /etc/hosts > /hosts && ulimit -n > /limit
FROM scratch
`,
  }
  const query = [
    ...['t=changed', 'dockerfile=sub/Other', 'target=wanted', 'networkmode=none'],
    `buildargs=${json({ WHO: 'me', UNSET: null })}`,
    `labels=${json({ one: 'label' })}`,
    `ulimits=${json([{ Name: 'nofile', Soft: 100, Hard: 200 }])}`,
    'extrahosts=somebody:192.0.2.7',
    // As the command line sends what nobody has asked for.
    ...['shmsize=0', 'memory=0', 'cachefrom=[]', 'cgroupparent=', 'version=1', 'remote='],
  ].join('&')
  const answer = await build(query, contextOf('FROM nothing-of-it', files))
  expect(saidBy(answer)).toContain('Successfully tagged changed:latest\n')
  expect((await inspected('changed')).Config.Labels).toMatchObject({ one: 'label' })
  const cat = ['run', '--rm', '--network', 'none', 'changed', 'cat']
  const { stdout } = await world.lighter([...cat, '/who', '/limit', '/hosts'])
  expect(stdout).toMatch(/^me\n100\n/)
  expect(stdout).toMatch(/^192\.0\.2\.7\s+somebody$/m)
})

test.each([
  ['buildargs=x', 400, /^error reading build args: /],
  [
    `buildargs=${json(['x'])}`,
    400,
    /^error reading build args: json: cannot unmarshal array into Go value of type map/,
  ],
  [
    `labels=${json({ a: 1 })}`,
    400,
    /^error reading labels: json: cannot unmarshal number into Go value of type string$/,
  ],
  [`ulimits=${json([{ Name: 'nosuch' }])}`, 400, /^invalid ulimit type: nosuch$/],
  [
    `ulimits=${json({})}`,
    400,
    /^error reading ulimit settings: json: cannot unmarshal object into Go value/,
  ],
  [
    `cachefrom=${json([1])}`,
    400,
    /^error reading cache-from: json: cannot unmarshal number into Go value of type string$/,
  ],
  ['t=BAD', 400, /^invalid reference format: repository name \(library\/BAD\) must be lowercase$/],
  ['target=nosuch', 400, /^target stage "nosuch" could not be found$/],
  ['dockerfile=nosuch', 500, /^Cannot locate specified Dockerfile: nosuch$/],
  ['dockerfile=../../etc/passwd', 500, /^Cannot locate specified Dockerfile: /],
  ['dockerfile=-', 500, /^Cannot locate specified Dockerfile: -$/],
  ['remote=/etc', 400, /^remoteURL \(\/etc\) could not be recognized as URL$/],
  ['version=3', 400, /^invalid version "3"$/],
  ['squash=1', 400, /^squash is only supported with experimental mode$/],
  ['platform=a/b/c/d', 400, /cannot parse platform specifier/],
  ['networkmode=some-network', 400, /not supported/],
  [`outputs=${json([{ Type: 'local', Attrs: { dest: '/tmp' } }])}`, 400, /needs a session/],
  [`outputs=${json([{ Type: 'nosuch' }])}`, 400, /could not be found/],
])('%s is refused', async (query, status, message) => {
  const answer = await build(query, contextOf('FROM busybox\n'))
  expect([answer.status, answer.json().message]).toEqual([status, expect.stringMatching(message)])
})

test.each([
  ['FROM busybox\nNOSUCH x\n', /^dockerfile parse error on line 2: unknown instruction: NOSUCH/],
  ['', /cannot be empty$/],
])('a Dockerfile %j is refused', async (dockerfile, message) => {
  const answer = await build('', contextOf(dockerfile))
  expect([answer.status, answer.json().message]).toEqual([400, expect.stringMatching(message)])
})

test('a build of nothing is refused', async () => {
  const answer = await service.ask('POST', '/build')
  expect([answer.status, answer.json()]).toEqual([
    500,
    { message: 'Cannot locate specified Dockerfile: Dockerfile' },
  ])
})
