import { describe, expect, test } from 'vitest'
import { type Mount, parseMountFlag, readMount } from '../../../lib/dockerfile/mounts.ts'
import { refusal } from './read.ts'

const LOCATION = { start: 3, end: 4 }

const mount = (text: string): Mount => readMount(parseMountFlag(text).options, LOCATION, '/work', 2)

const owner = (mode: number, uid = 0, gid = 0) => ({ mode, uid, gid })

const BIND = { type: 'bind', from: undefined, source: '', writable: false }
const CACHE = {
  type: 'cache',
  sharing: 'shared',
  from: undefined,
  source: '',
  readOnly: false,
  ...owner(0o755),
}
const SECRET = { type: 'secret', required: false, variable: undefined, ...owner(0o400) }

test.each([
  ['target=/x', { ...BIND, target: '/x' }],
  ['type=bind,dst=x/../y', { ...BIND, target: '/work/y' }],
  ['type=bind', { ...BIND, target: '/work' }],
  [
    'type=BIND,from=a,src=/s,destination=/x,rw',
    { ...BIND, from: 'a', source: '/s', target: '/x', writable: true },
  ],
  ['target=/x,ro=false', { ...BIND, target: '/x', writable: true }],
  ['type=cache,target=/a/../b', { ...CACHE, id: '/b', target: '/b' }],
  ['type=cache,target=c', { ...CACHE, id: 'c', target: '/work/c' }],
  [
    'type=cache,id=i,target=/c,sharing=LOCKED,from=f,source=s,readonly,mode=0700,uid=1,gid=2',
    {
      ...CACHE,
      id: 'i',
      target: '/c',
      sharing: 'locked',
      from: 'f',
      source: 's',
      readOnly: true,
      ...owner(0o700, 1, 2),
    },
  ],
  ['type=tmpfs,target=/t', { type: 'tmpfs', target: '/t', size: 0 }],
  ['type=tmpfs,target=/t,size=1m', { type: 'tmpfs', target: '/t', size: 1 << 20 }],
  ['type=secret,id=a/b', { ...SECRET, id: 'a/b', target: '/run/secrets/b' }],
  ['type=secret,source=s', { ...SECRET, id: 's', target: '/run/secrets/s' }],
  ['type=secret,target=/t/u', { ...SECRET, id: 'u', target: '/t/u' }],
  ['type=secret,id=i,env=E', { ...SECRET, id: 'i', target: undefined, variable: 'E' }],
  [
    'type=secret,id=i,env=E,target=t,required,mode=0444',
    { ...SECRET, id: 'i', target: '/work/t', variable: 'E', required: true, mode: 0o444 },
  ],
  [
    'type=ssh',
    {
      type: 'ssh',
      id: 'default',
      required: false,
      target: '/run/buildkit/ssh_agent.2',
      ...owner(0o600),
    },
  ],
  [
    'type=ssh,id=k,target=/s,required=true,uid=5',
    { type: 'ssh', id: 'k', required: true, target: '/s', ...owner(0o600, 5) },
  ],
])('%s', (text, expected) => {
  expect(mount(text)).toEqual(expected)
})

/** Sentences of Docker 26.1. */
test.each([
  ['type=foo', 'unsupported mount type "foo"'],
  ['type=bin', 'unsupported mount type "bin" (did you mean bind?)'],
  ['typ=bind', "unexpected key 'typ' in 'typ=bind' (did you mean type?)"],
  ['constructor=1', "unexpected key 'constructor' in 'constructor=1'"],
  ['type=bind,foo', "invalid field 'foo' must be a key=value pair"],
  ['type=bind,required', "unexpected key 'required' for mount type 'bind'"],
  ['required,type=secret,id=x', "unexpected key 'required' for mount type 'bind'"],
  ['type=bind,target=/x,size=1', "unexpected key 'size' for mount type 'bind'"],
  ['type=secret', 'invalid secret mount. one of source, target required'],
  ['type=secret,id=x,from=a', 'secret mount should not have a from'],
  ['type=secret,id=x,source=y', "both source and id can't be set"],
  ['type=secret,id=x,sharing=locked', 'secret mount should not define sharing'],
  ['type=secret,id=x,mode=8', 'invalid value 8 for mode'],
  ['type=secret,id=x,uid=-1', 'invalid value -1 for uid'],
  ['type=cache,target=/x,gid=4294967296', 'invalid value 4294967296 for gid'],
  ['type=bind,target=/x,mode=7', 'mode not allowed for "bind" type mounts'],
  ['type=tmpfs,target=/x,uid=7', 'uid not allowed for "tmpfs" type mounts'],
  ['type=bind,target=/x,ro=zz', 'invalid value for ro: zz'],
  ['type=cache,target=/x,sharing=lock', 'unsupported sharing value "lock" (did you mean locked?)'],
  ['type=tmpfs,target=/x,size=foo', 'invalid value for size: foo'],
  ['type=tmpfs,target=/x,sharing=locked', 'invalid cache sharing set for tmpfs mount'],
  ['type=bind,target=/', 'invalid mount target "/"'],
  ['type=ssh,env=E', "unexpected key 'env' for mount type 'ssh'"],
])('%s is refused: %s', (text, message) => {
  expect(refusal(() => mount(text))).toEqual({ message, location: LOCATION })
})

describe('without a working directory', () => {
  test('a mount needs a target', () => {
    const step = (): unknown => readMount([{ key: 'type', value: 'bind' }], LOCATION, '')
    expect(refusal(step).message).toBe('invalid mount target "/"')
  })
})
