import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { containerType } from '../../../lib/format/documents/container.ts'
import { TemplateExecutionError, TemplateSyntaxError } from '../../../lib/format/errors.ts'
import { executeOnDocument } from '../../../lib/format/inspect.ts'
import { parseTemplate } from '../../../lib/format/template.ts'

interface Answer {
  template: string
  exitCode: number
  stdout: string
  stderr: string
}

/** Recorded by test/fixtures/format/record.mjs with Docker Engine 26.1: `docker container inspect -s -f TEMPLATE`. */
const recorded: { document: unknown; cases: Answer[] } = JSON.parse(
  readFileSync(new URL('../../fixtures/format/answers.json', import.meta.url), 'utf8'),
)

/** What Docker's client does with the outcome of a template. */
function inspect(template: string): Omit<Answer, 'template'> {
  try {
    const text = executeOnDocument(parseTemplate(template), containerType(), recorded.document)
    return { exitCode: 0, stdout: `${text}\n`, stderr: '' }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const stderr = `template parsing error: ${error.message}\n`
    if (error instanceof TemplateSyntaxError) return { exitCode: 64, stdout: '', stderr }
    if (error instanceof TemplateExecutionError) return { exitCode: 1, stdout: '\n', stderr }
    throw error
  }
}

/** Addresses in memory differ from call to call. */
const withoutAddresses = (text: string): string => text.replace(/0xc[0-9a-f]{9}/g, '0xc')

test('the table is long enough to be worth its name', () => {
  expect(recorded.cases.length).toBeGreaterThan(200)
})

test.each(recorded.cases)('$template', ({ template, exitCode, stdout, stderr }) => {
  const outcome = inspect(template)
  expect({ ...outcome, stdout: withoutAddresses(outcome.stdout) }).toEqual({
    exitCode,
    stdout: withoutAddresses(stdout),
    stderr,
  })
})
