import { describe, expect, test } from 'vitest'
import type { BuildDisplay } from '../../../../../cli/output/build/build-display.ts'
import { openDisplay } from '../../../../../cli/output/build/display.ts'
import { Scene, Teller } from './scene.ts'

const DEFINITION = '[internal] load build definition from Dockerfile'

async function open(builder = ''): Promise<{ scene: Scene; display: BuildDisplay; tell: Teller }> {
  const scene = new Scene()
  const title = { builder, driver: 'docker' }
  const display = await openDisplay('plain', scene.out, title, scene)
  return { scene, display, tell: new Teller(scene, display) }
}

test('a build as BuildKit tells of it', async () => {
  const { scene, display, tell } = await open('default')
  tell.plan(DEFINITION)
  tell.start(DEFINITION)
  tell.status(DEFINITION, 'transferring dockerfile:', 0)
  scene.to(5)
  tell.status(DEFINITION, 'transferring dockerfile:', 350, 0, true)
  tell.end(DEFINITION)
  scene.to(10)
  tell.start('[internal] load build context')
  scene.to(40)
  tell.status('[internal] load build context', 'transferring context:', 0)
  scene.to(80)
  tell.status('[internal] load build context', 'transferring context:', 2_021_000, 0, true)
  tell.end('[internal] load build context')
  tell.start('[1/2] COPY busybox /bin/busybox')
  tell.end('[1/2] COPY busybox /bin/busybox', { cached: true })
  scene.to(200)
  tell.start('[2/2] RUN echo')
  scene.to(410)
  tell.log('[2/2] RUN echo', 'a 1\na 2\n')
  scene.to(1400)
  tell.end('[2/2] RUN echo')
  tell.start('exporting to image')
  tell.status('exporting to image', 'exporting layers', 0, 0, true)
  tell.status('exporting to image', 'naming to docker.io/library/x', 0, 0, true)
  tell.end('exporting to image')
  display.close()
  expect(scene.text).toBe(`#0 building with "default" instance using docker driver

#1 ${DEFINITION}
#1 transferring dockerfile: 350B done
#1 DONE 0.0s

#2 [internal] load build context
#2 transferring context: 2.02MB 0.0s done
#2 DONE 0.1s

#3 [1/2] COPY busybox /bin/busybox
#3 CACHED

#4 [2/2] RUN echo
#4 0.210 a 1
#4 0.210 a 2
#4 DONE 1.2s

#5 exporting to image
#5 exporting layers done
#5 naming to docker.io/library/x done
#5 DONE 0.0s
`)
  expect(scene.waiting).toBe(0)
})

test('what runs beside another step waits for its end', async () => {
  const { scene, display, tell } = await open()
  tell.start('a')
  tell.start('b')
  for (let second = 0; second < 3; second++) {
    scene.to(second * 1000 + 210)
    tell.log('a', `a ${second}\n`)
    tell.log('b', `b ${second}\n`)
  }
  scene.to(3000)
  tell.end('b')
  scene.to(3200)
  tell.end('a')
  display.close()
  expect(scene.text).toBe(`#1 a
#1 0.210 a 0
#1 1.210 a 1
#1 2.210 a 2
#1 ...

#2 b
#2 0.210 b 0
#2 1.210 b 1
#2 2.210 b 2
#2 DONE 3.0s

#1 a
#1 DONE 3.2s
`)
})

test('a step that says more than the one that is shown gets its turn after a while', async () => {
  const { scene, display, tell } = await open()
  tell.start('slow')
  scene.to(200)
  tell.start('fast')
  for (let time = 300; time <= 15_000; time += 300) {
    scene.to(time)
    tell.log('fast', `${time}\n`)
  }
  expect(scene.text).toMatch(/^#1 slow\n#1 \.\.\.\n\n#2 fast\n#2 0\.100 300\n/)
  display.close()
})

describe('lines without an end', () => {
  test('go on where they stopped', async () => {
    const { scene, display, tell } = await open()
    tell.start('x')
    tell.log('x', 'one')
    scene.to(150)
    tell.log('x', ' two\nthree')
    scene.to(300)
    tell.end('x')
    display.close()
    expect(scene.text).toBe('#1 x\n#1 0.000 one two\n#1 0.150 three\n#1 DONE 0.3s\n')
  })

  test('stand again after another step', async () => {
    const { scene, display, tell } = await open()
    tell.start('x')
    tell.start('y')
    tell.log('x', 'one')
    scene.to(150)
    tell.end('y')
    scene.to(300)
    tell.log('x', ' two\n')
    tell.end('x')
    display.close()
    expect(scene.text).toBe(
      '#1 x\n#1 0.000 one\n#1 ...\n\n#2 y\n#2 DONE 0.1s\n\n#1 x\n#1 0.000 one two\n#1 DONE 0.3s\n',
    )
  })

  test('a character in two pieces', async () => {
    const { scene, display, tell } = await open()
    tell.start('x')
    const bytes = Buffer.from('ü\n')
    for (const data of [bytes.subarray(0, 1), bytes.subarray(1)]) {
      display.log({ vertex: 'sha256:x', stream: 2, data, timestamp: new Date(scene.now()) })
    }
    display.close()
    expect(scene.text).toBe('#1 x\n#1 0.000 ü\n')
  })
})

test('a step that fails shows its last ten lines again; one that was ended does not', async () => {
  const { scene, display, tell } = await open()
  const name = '[3/3] RUN false'
  const error = 'process "/bin/sh -c false" did not complete successfully: exit code: 1'
  tell.start(name)
  tell.start('other')
  scene.to(160)
  tell.log(name, Array.from({ length: 12 }, (_, line) => `line ${line + 1}\n`).join(''))
  tell.end(name, { error })
  tell.end('other', { error: 'failed to solve: context canceled' })
  display.close()
  const lines = (from: number): string[] =>
    Array.from({ length: 13 - from }, (_, index) => `0.160 line ${from + index}`)
  expect(scene.text.split('\n')).toEqual([
    `#1 ${name}`,
    ...lines(1).map((line) => `#1 ${line}`),
    `#1 ERROR: ${error}`,
    '',
    '#2 other',
    '#2 CANCELED',
    '------',
    ` > ${name}:`,
    ...lines(3),
    '------',
    '',
  ])
})

test('a status is told again when it came far enough, or after a while', async () => {
  const { scene, display, tell } = await open()
  tell.start('pull')
  for (const [time, current] of [
    [0, 0],
    [200, 1000],
    [400, 9000],
    [6000, 9100],
    [6200, 100_000],
  ] as const) {
    scene.to(time)
    tell.status('pull', 'sha256:aa', current, 100_000)
  }
  tell.end('pull')
  display.close()
  expect(scene.text).toBe(`#1 pull
#1 sha256:aa 0B / 100.00kB
#1 sha256:aa 9.00kB / 100.00kB 0.4s
#1 sha256:aa 9.10kB / 100.00kB 6.0s
#1 sha256:aa 100.00kB / 100.00kB 6.2s
#1 DONE 6.2s
`)
})

test('names cannot steer the terminal', async () => {
  const { scene, display, tell } = await open()
  tell.start('RUN \u001b[2Jx\ny')
  display.close()
  expect(scene.text).toBe('#1 RUN [2Jx y\n')
})
