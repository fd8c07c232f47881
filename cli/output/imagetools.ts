import { printable } from '../../lib/core/printable.ts'
import { imagetoolsValue } from '../../lib/format/documents/oci.ts'
import { encodeJson } from '../../lib/format/json.ts'
import { escapeForHtml, indentJson } from '../../lib/format/json-text.ts'
import { parseTemplateWith } from '../../lib/format/template.ts'
import { string } from '../../lib/format/values.ts'
import type { Inspected, InspectedImage } from '../../lib/imagetools/inspect.ts'
import type { DescriptorDocument, PlatformDocument } from '../../lib/oci/descriptor.ts'
import { isIndex } from '../../lib/oci/descriptor.ts'
import { formatReference, type Reference } from '../../lib/oci/reference.ts'

type Row = [head: string, text: string]

/** A name with what it refers to; of an index, what it lists. */
export function imagetoolsTable({ reference, descriptor, manifests }: Inspected): string {
  const head = align([
    ['Name:', formatReference(reference)],
    ['MediaType:', descriptor.mediaType],
    ['Digest:', descriptor.digest],
  ])
  if (!isIndex(descriptor.mediaType)) return head
  const title = align([
    ['', ''],
    ['Manifests:', ''],
  ])
  return head + title + listManifests(reference, manifests)
}

/** As buildx does: what follows annotations has a column of its own. */
function listManifests(reference: Reference, manifests: readonly DescriptorDocument[]): string {
  let text = ''
  let rows: Row[] = []
  for (const [index, descriptor] of manifests.entries()) {
    if (index > 0) rows.push(['', ''])
    rows.push(...manifestRows(reference, descriptor))
    const { annotations, platform } = descriptor
    if (!annotations || !platform) continue
    rows.push(['  Annotations:', ''])
    const entries = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1))
    text += align(rows) + align(entries.map(([key, value]): Row => [`    ${key}:`, value]))
    rows = []
  }
  return text + align(rows)
}

function manifestRows(reference: Reference, descriptor: DescriptorDocument): Row[] {
  const { digest, mediaType, platform, urls = [] } = descriptor
  const rows: Row[] = [
    ['  Name:', formatReference({ ...reference, digest })],
    ['  MediaType:', mediaType],
  ]
  if (!platform) return rows
  const features = platform['os.features'] ?? []
  rows.push(['  Platform:', platformText(platform)])
  if (platform['os.version']) rows.push(['  OSVersion:', platform['os.version']])
  if (features.length > 0) rows.push(['  OSFeatures:', features.join(', ')])
  if (urls.length > 0) rows.push(['  URLs:', urls.join(', ')])
  return rows
}

const platformText = ({ os, architecture, variant }: PlatformDocument): string =>
  os === '' ? 'unknown' : [os, architecture, variant].filter(Boolean).join('/')

/** Two columns, as wide as they have to be. The words are a registry's: they must not steer a terminal. */
function align(rows: readonly Row[]): string {
  const shown = rows.map(([head, text]): Row => [printable(head), printable(text)])
  const width = Math.max(0, ...shown.map(([head]) => head.length)) + 1
  return shown.map(([head, text]) => `${head.padEnd(width)}${text}\n`).join('')
}

/** A template that begins with the manifest gets the table, whatever it asks of it. */
const IS_TABLE = /^(?:\{\{-?\s*\/\*[\s\S]*?\*\/\s*-?\}\})*\{\{-?\s*\.Manifest/

/** What a template of Go's prints of an image. Throws `bad-input`. */
export function imagetoolsTemplate(name: string, image: InspectedImage, format: string): string {
  const template = parseTemplateWith(format, {
    json: {
      parameters: ['any'],
      call: (value) => string(escapeForHtml(indentJson(encodeJson(value), '  '))),
    },
  })
  if (IS_TABLE.test(format)) return imagetoolsTable(image)
  const { images, attested, manifest, descriptor } = image
  const many = images.size > 1
  const [only] = images.values()
  const document = { name, manifest, ...(many ? { image: Object.fromEntries(images) } : {}) }
  const whole = many || !only ? document : { ...document, image: only }
  const options = { many, isIndex: isIndex(descriptor.mediaType), attested }
  return template.execute(imagetoolsValue(whole, options))
}
