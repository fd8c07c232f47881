import { cpus } from 'node:os'
import { median } from './statistics.ts'

/** What was measured of one thing, by the name of who did it. */
export interface Row {
  title: string
  unit: string
  values: Map<string, number[]>
}

/** The middle of what one did; NaN for nothing. */
export const middleOf = ({ values }: Row, name: string): number => median(values.get(name) ?? [])

/** Figures as they come, and in the end as a table of medians. */
export class Figures {
  readonly #unit: string
  readonly #digits: number
  readonly #rows = new Map<string, Row>()
  readonly #failures: string[] = []

  /** `unit`: where a figure has no other; `digits` behind the point. */
  constructor(unit: string, digits: number) {
    this.#unit = unit
    this.#digits = digits
  }

  add(title: string, name: string, value: number, unit = this.#unit): void {
    const row = this.#rows.get(title) ?? { title, unit, values: new Map() }
    this.#rows.set(title, row)
    row.values.set(name, [...(row.values.get(name) ?? []), value])
    console.log(`${title}: ${name} ${value.toFixed(this.#digits)} ${unit}`)
  }

  fail(text: string): void {
    this.#failures.push(text)
    process.exitCode = 1
  }

  /** `head`: the titles of the columns; `cells`: what a row has in them. */
  print(rounds: number, head: string[], cells: (row: Row) => string[]): void {
    const today = new Date().toISOString().slice(0, 10)
    const machine = `${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'unknown'}`
    console.log(`\nMedians of ${rounds} rounds, ${today}, ${machine}\n`)
    console.log(`| ${head.join(' | ')} |`)
    console.log(`|${'---|'.repeat(head.length)}`)
    for (const row of this.#rows.values()) console.log(`| ${cells(row).join(' | ')} |`)
    for (const line of this.#failures) console.log(`FAILED: ${line}`)
  }
}
