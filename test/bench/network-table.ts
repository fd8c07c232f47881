import { cpus } from 'node:os'
import { median } from './statistics.ts'

const ENGINES = ['lighter', 'podman', 'docker']

/** What was measured of each, as a table of medians; what is bare has a column of its own. */
export class Figures {
  readonly #rows = new Map<string, { unit: string; values: Map<string, number[]> }>()
  readonly #failures: string[] = []

  add(title: string, name: string, value: number, unit = 'Gbit/s'): void {
    const row = this.#rows.get(title) ?? { unit, values: new Map() }
    this.#rows.set(title, row)
    row.values.set(name, [...(row.values.get(name) ?? []), value])
    console.log(`${title}: ${name} ${value.toFixed(2)} ${unit}`)
  }

  fail(text: string): void {
    this.#failures.push(text)
    process.exitCode = 1
  }

  print(rounds: number): void {
    const today = new Date().toISOString().slice(0, 10)
    const machine = `${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'unknown'}`
    console.log(`\nMedians of ${rounds} rounds, ${today}, ${machine}\n`)
    console.log('| networks | lighter | Podman 5.4 | Docker 26.1 | bare |')
    console.log('|---|---|---|---|---|')
    for (const [title, { unit, values }] of this.#rows) {
      const shown = (name: string) => {
        const middle = median(values.get(name) ?? [])
        const text = middle.toFixed(middle < 100 ? 2 : 0)
        return Number.isNaN(middle) ? '' : `${text} ${unit}`.trim()
      }
      const bare = [...values.keys()].find((name) => !ENGINES.includes(name))
      const cells = [title, ...ENGINES.map(shown), bare ? `${shown(bare)} (${bare})` : '']
      console.log(`| ${cells.join(' | ')} |`)
    }
    for (const line of this.#failures) console.log(`FAILED: ${line}`)
  }
}
