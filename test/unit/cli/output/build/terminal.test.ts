import { describe, expect, test } from 'vitest'
import { LogWindow } from '../../../../../cli/output/build/log-window.ts'
import { fitRows, type Row } from '../../../../../cli/output/build/rows.ts'
import { showTerminal } from '../../../../../cli/output/build/terminal.ts'
import { Scene, Teller } from './scene.ts'
import { screenOf } from './screen.ts'

function open(columns = 80, rows = 24) {
  const scene = new Scene({ columns, rows })
  const display = showTerminal(scene.out, scene, 'docker:default', {})
  const tell = new Teller(scene, display)
  return { scene, display, tell, screen: () => screenOf(scene.text, columns) }
}

const CONTEXT = '[internal] load build context'

test('rows as BuildKit draws them', () => {
  const { scene, display, tell, screen } = open()
  tell.start(CONTEXT)
  scene.to(20)
  tell.status(CONTEXT, 'transferring context:', 30, 0, true)
  tell.end(CONTEXT)
  tell.plan('[2/2] RUN make')
  scene.to(100)
  tell.start('[2/2] RUN make')
  scene.to(1000)
  tell.log('[2/2] RUN make', 'cc -c a.c\ncc -c b.c\n')
  scene.to(1350)
  expect(screen()).toEqual([
    '[+] Building 1.4s (1/2)                                          docker:default',
    ' => [internal] load build context                                          0.0s',
    ' => => transferring context: 30B                                           0.0s',
    ' => [2/2] RUN make                                                         1.3s',
    ' => => # cc -c a.c',
    ' => => # cc -c b.c',
    '',
  ])
  scene.to(1600)
  tell.end('[2/2] RUN make')
  display.close()
  expect(screen()).toEqual([
    '[+] Building 1.6s (2/2) FINISHED                                 docker:default',
    ' => [internal] load build context                                          0.0s',
    ' => => transferring context: 30B                                           0.0s',
    ' => [2/2] RUN make                                                         1.5s',
    '',
  ])
  expect(scene.waiting).toBe(0)
})

test('what fails is red, with all that it printed; what is cached says so', () => {
  const { scene, display, tell, screen } = open()
  tell.start('[1/2] COPY a b')
  tell.end('[1/2] COPY a b', { cached: true })
  tell.start('[2/2] RUN false')
  tell.log('[2/2] RUN false', Array.from({ length: 12 }, (_, line) => `${line}\n`).join(''))
  tell.end('[2/2] RUN false', { error: 'exit code: 1' })
  tell.start('[3/3] RUN x')
  tell.end('[3/3] RUN x', { error: 'context canceled' })
  display.close()
  expect(screen().slice(0, 6)).toEqual([
    '[+] Building 0.0s (3/3) FINISHED                                 docker:default',
    ' => CACHED [1/2] COPY a b                                                  0.0s',
    ' => ERROR [2/2] RUN false                                                  0.0s',
    ' => CANCELED [3/3] RUN x                                                   0.0s',
    '------',
    ' > [2/2] RUN false:',
  ])
  expect(screen()).toContain('0.000 0')
  expect(scene.text).toContain('\x1b[34m => CACHED')
  expect(scene.text).toContain('\x1b[31m => ERROR')
  expect(scene.text).toContain('\x1b[33m => CANCELED')
})

test('not more than ten frames a second, and one when only time goes on', () => {
  const { scene, tell } = open()
  tell.start('a')
  scene.take()
  for (let line = 0; line < 1000; line++) tell.log('a', `${line}\n`)
  expect(scene.take()).toBe('')
  scene.to(1500)
  expect(scene.take().match(/Building/g)).toHaveLength(10)
})

describe('a terminal that is small', () => {
  test('shows what runs rather than what has ended', () => {
    const { scene, tell, screen } = open(80, 6)
    tell.start('runs')
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      tell.start(name)
      tell.end(name)
    }
    scene.to(200)
    const names = screen().map((line) => line.slice(4, 10).trim())
    expect(names.slice(1, -1)).toEqual(['runs', 'c', 'd', 'e'])
  })

  test('has no line that is longer than it', () => {
    const { scene, tell } = open(30, 10)
    tell.start('a name that is far too long for it')
    tell.status('a name that is far too long for it', 'sha256:0123456789abcdef', 1, 2)
    scene.to(500)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    const lines = scene.text.replace(/\x1b\[\??[0-9;]*[A-Za-z]/g, '').split(/[\r\n]+/)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(30)
    expect(lines.at(-2)).toMatch(/^ => a name that is far {3}0\.\ds$/)
  })

  test('tells nothing of steps where there is no room for their names', () => {
    const { scene, tell, screen } = open(15, 10)
    tell.start('step')
    scene.to(200)
    expect(screen()).toEqual(['[+] Building 0.', ''])
  })
})

test('another size is taken up at the next frame', () => {
  const { scene, tell, screen } = open(80, 24)
  tell.start('step')
  scene.to(200)
  scene.out.columns = 60
  scene.to(400)
  expect(screen()[1]).toBe(` => step${' '.repeat(47)}0.3s`)
})

test('rows that do not fit', () => {
  const row = (name: string, isRunning = false): Row => ({
    name,
    amount: '',
    duration: 0,
    mood: isRunning ? undefined : 'run',
    step: undefined,
  })
  const names = (rows: readonly Row[]): string => rows.map(({ name }) => name).join('')
  const rows = [row('a', true), row('b'), row('c'), row('d', true), row('e')]
  expect(names(fitRows(rows, 9))).toBe('abcde')
  expect(names(fitRows(rows, 3))).toBe('ade')
  expect(names(fitRows(rows, 1))).toBe('d')
  expect(names(fitRows(rows, 0))).toBe('')
})

describe('the window on what a step prints', () => {
  const shown = (...texts: string[]): string[] => {
    const window = new LogWindow(10, 3)
    for (const text of texts) window.write(text)
    return window.lines()
  }

  test('has the last lines', () => {
    expect(shown('a\nb\n', 'c\nd\n')).toEqual(['b', 'c', 'd'])
    expect(shown('a\nb\nc')).toEqual(['a', 'b', 'c'])
  })

  test('overwrites, and wraps', () => {
    expect(shown('10%\r20%')).toEqual(['20%'])
    expect(shown('long\rx\x1b[K')).toEqual(['x'])
    expect(shown('0123456789ab')).toEqual(['0123456789', 'ab'])
    expect(shown('ab\bc\ta')).toEqual(['ac      a'])
  })

  test('knows no other way to steer', () => {
    expect(shown('\x1b[31mred\x1b[0m\x1b[5A\x1b]0;title\x07!')).toEqual(['red!'])
    expect(shown('a\nb\x1b[2Jc')).toEqual(['c'])
  })
})
