import { expect, test } from 'vitest'
import { openDisplay } from '../../../../../cli/output/build/display.ts'
import type { VertexWarning } from '../../../../../lib/build/progress.ts'
import { Scene, Teller } from './scene.ts'

const title = { builder: 'default', driver: 'docker' }
const warning: VertexWarning = {
  vertex: 'sha256:x',
  level: 1,
  rule: 'FromAsCasing',
  short: 'FromAsCasing: casing (line 1)',
  detail: 'The casing',
  url: 'https://example.com/',
  file: 'Dockerfile',
  start: 1,
  end: 1,
}

test('documents for programs, one a line', async () => {
  const scene = new Scene()
  const display = await openDisplay('rawjson', scene.out, title, scene)
  const tell = new Teller(scene, display)
  tell.plan('x')
  tell.start('x')
  tell.status('x', 'layer', 1, 2)
  tell.log('x', 'said')
  display.warning(warning)
  tell.end('x', { error: 'exit code: 1' })
  display.close()
  const time = '2026-01-01T00:00:00.000Z'
  const documents = scene.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(documents).toEqual([
    { vertexes: [{ digest: 'sha256:x', name: 'x' }] },
    { vertexes: [{ digest: 'sha256:x', name: 'x', started: time }] },
    {
      statuses: [
        { id: 'layer', vertex: 'sha256:x', total: 2, current: 1, timestamp: time, started: time },
      ],
    },
    { logs: [{ vertex: 'sha256:x', stream: 1, data: 'c2FpZA==', timestamp: time }] },
    {
      warnings: [
        {
          vertex: 'sha256:x',
          level: 1,
          short: Buffer.from(warning.short).toString('base64'),
          detail: [Buffer.from(warning.detail).toString('base64')],
          url: 'https://example.com/',
          sourceInfo: { filename: 'Dockerfile' },
          range: [{ start: { line: 1 }, end: { line: 1 } }],
        },
      ],
    },
    {
      vertexes: [
        { digest: 'sha256:x', name: 'x', started: time, completed: time, error: 'exit code: 1' },
      ],
    },
  ])
  expect(display.trace.warnings).toEqual([warning])
})

test('quiet says nothing, and knows warnings', async () => {
  const scene = new Scene()
  const display = await openDisplay('quiet', scene.out, title, scene)
  const tell = new Teller(scene, display)
  tell.start('x')
  tell.log('x', 'said\n')
  tell.end('x', { error: 'exit code: 1' })
  display.warning(warning)
  display.close()
  expect(scene.text).toBe('')
  expect(display.trace.warnings).toEqual([warning])
})

test('auto is a terminal only where there is one', async () => {
  const file = new Scene()
  await openDisplay('auto', file.out, title, file)
  expect(file.text).toBe('#0 building with "default" instance using docker driver\n\n')
  const terminal = new Scene({ columns: 80, rows: 24 })
  const display = await openDisplay('auto', terminal.out, title, terminal)
  display.close()
  expect(terminal.text).toMatch(/\[\+\] Building 0\.0s \(0\/0\) +docker:default/)
  await expect(openDisplay('tty', file.out, title, file)).rejects.toThrow(
    'failed to get console: provided file is not a console',
  )
})
