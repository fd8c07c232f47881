import { middleOf, type Row } from './figures.ts'

const ENGINES = ['lighter', 'podman', 'docker', 'skopeo']

const FASTER = 'ratio to the faster'

export const IMAGE_COLUMNS = ['images', 'lighter', 'Podman 5.4', 'Docker 26.1', FASTER, 'skopeo']

/** Medians of what was done with an image, and lighter's against the faster of Podman and Docker. */
export function imageCells(row: Row): string[] {
  const [lighter = Number.NaN, podman, docker, skopeo] = ENGINES.map((name) => middleOf(row, name))
  const shown = (value = Number.NaN) =>
    Number.isNaN(value) ? '' : `${value.toFixed(0)} ${row.unit}`
  const peers = [podman, docker].filter((value) => value !== undefined && !Number.isNaN(value))
  const compared = peers.length > 0 ? (lighter / Math.min(...(peers as number[]))).toFixed(2) : ''
  return [row.title, shown(lighter), shown(podman), shown(docker), compared, shown(skopeo)]
}
