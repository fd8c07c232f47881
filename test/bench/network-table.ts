import { middleOf, type Row } from './figures.ts'

const ENGINES = ['lighter', 'podman', 'docker']

export const NETWORK_COLUMNS = ['networks', 'lighter', 'Podman 5.4', 'Docker 26.1', 'bare']

/** Medians of the engines; what is bare has a column of its own. */
export function networkCells(row: Row): string[] {
  const shown = (name: string) => {
    const middle = middleOf(row, name)
    const text = middle.toFixed(middle < 100 ? 2 : 0)
    return Number.isNaN(middle) ? '' : `${text} ${row.unit}`.trim()
  }
  const bare = [...row.values.keys()].find((name) => !ENGINES.includes(name))
  return [row.title, ...ENGINES.map(shown), bare ? `${shown(bare)} (${bare})` : '']
}
