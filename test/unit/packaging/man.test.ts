import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { commands } from '../../../cli/commands.ts'
import { manualPages } from '../../../packaging/man/page.ts'

const pages = new Map(manualPages('1.2.3').map(({ file, text }) => [file, text]))

test.each(commands.map((command) => [command.names[0], command] as const))(
  '%s: its flags and all its names',
  (name, { names, flags }) => {
    const text = pages.get(`lighter-${name.replaceAll(' ', '-')}.1`) ?? ''
    for (const [flag, { hidden, short }] of Object.entries(flags)) {
      if (hidden) continue
      const head = `${short ? `\\-${short}, ` : ''}\\-\\-${flag.replaceAll('-', '\\-')}`
      expect(
        text.split('\n').some((line) => line === `.B ${head}` || line.startsWith(`.B ${head} `)),
        flag,
      ).toBe(true)
    }
    for (const alias of names)
      expect(pages.has(`lighter-${alias.replaceAll(' ', '-')}.1`)).toBe(true)
    expect(pages.get('lighter.1')).toContain(`lighter-${name.replaceAll(' ', '-')} (1)`)
  },
)

test('no line of text is taken for a request', () => {
  const known = /^\.(TH|SH|TP|B|BR|br|so)\b/
  const wrong = [...pages].flatMap(([file, text]) =>
    text
      .split('\n')
      .filter((line) => /^[.']/.test(line) && !known.test(line))
      .map((line) => `${file}: ${line}`),
  )
  expect(wrong).toEqual([])
})

test('groff has no complaints', () => {
  const input = pages.get('lighter-container-run.1') ?? ''
  const { stderr, stdout } = spawnSync('groff', ['-man', '-Tascii', '-P-cbou', '-ww'], {
    input,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(stdout).toContain('--cap-add')
})
