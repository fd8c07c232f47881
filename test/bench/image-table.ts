import { cpus } from 'node:os'
import { median } from './statistics.ts'

const ENGINES = ['lighter', 'podman', 'docker', 'skopeo']

interface Row {
  title: string
  unit: string
  values: Map<string, number[]>
}

/** Medians of what was done with images, and lighter's against the faster of Podman and Docker. */
export class ImageFigures {
  readonly #rows = new Map<string, Row>()
  readonly #failures: string[] = []

  add(title: string, engine: string, value: number, unit = 'ms'): void {
    const row = this.#rows.get(title) ?? { title, unit, values: new Map() }
    this.#rows.set(title, row)
    row.values.set(engine, [...(row.values.get(engine) ?? []), value])
    console.log(`${title}: ${engine} ${value.toFixed(0)} ${unit}`)
  }

  fail(text: string): void {
    this.#failures.push(text)
    process.exitCode = 1
  }

  print(rounds: number): void {
    const today = new Date().toISOString().slice(0, 10)
    const machine = `${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'unknown'}`
    console.log(`\nMedians of ${rounds} rounds, ${today}, ${machine}\n`)
    console.log('| images | lighter | Podman 5.4 | Docker 26.1 | ratio to the faster | skopeo |')
    console.log('|---|---|---|---|---|---|')
    for (const row of this.#rows.values()) console.log(line(row))
    for (const failure of this.#failures) console.log(`FAILED: ${failure}`)
  }
}

function line({ title, unit, values }: Row): string {
  const [lighter, podman, docker, skopeo] = ENGINES.map((name) => median(values.get(name) ?? []))
  const shown = (value = Number.NaN) => (Number.isNaN(value) ? '' : `${value.toFixed(0)} ${unit}`)
  const peers = [podman, docker].filter((value) => value !== undefined && !Number.isNaN(value))
  const ratio = (lighter ?? Number.NaN) / Math.min(...(peers as number[]))
  const compared = peers.length > 0 ? ratio.toFixed(2) : ''
  return `| ${[title, shown(lighter), shown(podman), shown(docker), compared, shown(skopeo)].join(' | ')} |`
}
