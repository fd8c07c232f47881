import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/**
 * Leaves the counts of a run in `$LIGHTER_TEST_SUMMARY` as lines a shell can read: `test/run.sh` adds its own and
 * prints the sum, and here it says why a test was skipped. An error outside of any test (a file that does not load, a tear-down that finds leftovers) counts
 * as one failure.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    for (const module of modules) for (const test of module.children.allTests()) tellSkipped(test)
    const file = process.env.LIGHTER_TEST_SUMMARY
    if (!file) return
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    for (const module of modules) {
      counts.failed += module.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') counts.passed++
        else if (state === 'failed') counts.failed++
        else counts.skipped++
      }
    }
    writeFileSync(
      file,
      Object.entries(counts)
        .map(([name, count]) => `${name}=${count}\n`)
        .join(''),
    )
  }
}

/** Says the reason; those that were not asked for (`-t`) have none. */
function tellSkipped(test: TestCase): void {
  const result = test.result()
  if (result.state === 'skipped' && result.note)
    console.log(`skipped ${test.fullName}: ${result.note}`)
}
