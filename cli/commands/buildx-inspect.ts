import { type BuilderNode, findBuilder } from '../../lib/build/builders.ts'
import { runnablePlatforms } from '../../lib/build/platforms.ts'
import { compatible } from '../../lib/core/build-info.ts'
import { printable } from '../../lib/core/printable.ts'
import { chooseBuilder } from '../builder.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import { markPlatforms } from '../output/builder-rows.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

type Pair = [head: string, text: string]

/** `buildx inspect`: a builder and its nodes. There is nothing to boot. */
export const run = (context: Context, parsed: Parsed): Promise<number> =>
  withoutDaemon(async () => {
    const [name] = parsed.operands
    const builder =
      name === undefined
        ? await chooseBuilder(context, parsed)
        : findBuilder(context.engine.paths.data, name)
    const head: Pair[] = [
      ['Name:', builder.name],
      ['Driver:', builder.driver],
    ]
    const runnable = runnablePlatforms()
    const nodes = builder.nodes.map((node) => align(describeNode(node, runnable)))
    writeOut(`${align(head)}\nNodes:\n${nodes.join('\n')}`)
    return 0
  }, 'ERROR: ')

function describeNode(node: BuilderNode, runnable: readonly string[]): Pair[] {
  const options = Object.entries(node.options).map(
    ([key, value]) => `${key}=${JSON.stringify(value)}`,
  )
  return [
    ['Name:', node.name],
    ['Endpoint:', node.endpoint],
    ...(options.length > 0 ? [['Driver Options:', options.join(' ')] as Pair] : []),
    ['Status:', 'running'],
    ...(node.flags === '' ? [] : [['BuildKit daemon flags:', node.flags] as Pair]),
    ['BuildKit version:', compatible.buildkit],
    ['Platforms:', markPlatforms(node.platforms, runnable).join(', ')],
  ]
}

function align(pairs: readonly Pair[]): string {
  const width = Math.max(...pairs.map(([head]) => head.length)) + 1
  return pairs.map(([head, text]) => `${head.padEnd(width)}${printable(text)}\n`).join('')
}
