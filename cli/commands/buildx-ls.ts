import { currentBuilder, defaultBuilder, listBuilders } from '../../lib/build/builders.ts'
import { runnablePlatforms } from '../../lib/build/platforms.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import {
  type BuilderRow,
  builderDocument,
  builderRows,
  DEFAULT_TABLE,
  markPlatforms,
} from '../output/builder-rows.ts'
import { formatRows } from '../output/rows.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** How many platforms a row names before it counts them. */
const MOST_PLATFORMS = 4

/** `buildx ls`: builders with their nodes, the usual one last. */
export const run = (context: Context, parsed: Parsed): Promise<number> =>
  withoutDaemon(() => {
    const { data } = context.engine.paths
    const given = parsed.string('format') ?? ''
    const format = given === '' || given === 'table' ? DEFAULT_TABLE : given
    const current = process.env.BUILDX_BUILDER || currentBuilder(data).name
    const builders = [...listBuilders(data), defaultBuilder]
    const runnable = runnablePlatforms()
    if (format === 'json') {
      for (const builder of builders) {
        context.print(JSON.stringify(builderDocument(builder, builder.name === current, runnable)))
      }
      return 0
    }
    const isTable = format.startsWith('table')
    const rows = builders.flatMap((builder): BuilderRow[] => {
      const row = { builder, isCurrent: builder.name === current, isTable }
      return [
        { ...row, node: undefined, platforms: [] },
        ...builder.nodes.map((node) => ({
          ...row,
          node,
          platforms: shorten(
            markPlatforms(node.platforms, runnable),
            isTable && !parsed.bool('no-trunc'),
          ),
        })),
      ]
    })
    writeOut(formatRows(builderRows, format, rows))
    return 0
  }, 'ERROR: ')

function shorten(platforms: readonly string[], isShort: boolean): readonly string[] {
  if (!isShort || platforms.length <= MOST_PLATFORMS) return platforms
  const rest = platforms.length - MOST_PLATFORMS
  return [...platforms.slice(0, MOST_PLATFORMS), `(${rest} more)`]
}
