import type { Builder, BuilderNode } from '../../lib/build/builders.ts'
import { compatible } from '../../lib/core/build-info.ts'
import type { RowKind } from './rows.ts'

/** A row of `buildx ls`: a builder, or one of its nodes. */
export interface BuilderRow {
  builder: Builder
  node: BuilderNode | undefined
  isCurrent: boolean
  /** Marks stand in tables only. */
  isTable: boolean
  platforms: readonly string[]
}

const HEADS = {
  Name: 'NAME/NODE',
  DriverEndpoint: 'DRIVER/ENDPOINT',
  LastActivity: 'LAST ACTIVITY',
  Status: 'STATUS',
  Buildkit: 'BUILDKIT',
  Platforms: 'PLATFORMS',
} as const

export const DEFAULT_TABLE =
  'table {{.Name}}\t{{.DriverEndpoint}}\t{{.Status}}\t{{.Buildkit}}\t{{.Platforms}}'

const INDENT = ' \\_ '

export const builderRows: RowKind<BuilderRow> = {
  type: 'commands.lsContext',
  heads: HEADS,
  cells: {
    Name: ({ builder, node, isCurrent, isTable }) =>
      node
        ? `${isTable ? INDENT : ''}${node.name}`
        : `${builder.name}${isCurrent && isTable ? '*' : ''}`,
    DriverEndpoint: ({ builder, node, isTable }) =>
      node ? `${isTable ? INDENT : ''}${node.endpoint}` : builder.driver,
    LastActivity: () => '',
    Status: ({ node }) => (node ? 'running' : ''),
    Buildkit: ({ node }) => (node ? compatible.buildkit : ''),
    Platforms: ({ node, platforms }) => (node ? platforms.join(', ') : ''),
    Error: () => '',
  },
}

/** What a node builds for; first, and marked, what it was told to. */
export const markPlatforms = (
  fixed: readonly string[],
  runnable: readonly string[],
): readonly string[] => [
  ...fixed.map((platform) => `${platform}*`),
  ...runnable.filter((platform) => !fixed.includes(platform)),
]

/** A builder as `--format json` has it. */
export const builderDocument = (
  { name, driver, nodes }: Builder,
  isCurrent: boolean,
  runnable: readonly string[],
): object => ({
  Name: name,
  Driver: driver,
  Nodes: nodes.map((node) => ({
    Name: node.name,
    Endpoint: node.endpoint,
    Flags: node.flags === '' ? undefined : node.flags.split(/\s+/),
    DriverOpts: Object.keys(node.options).length > 0 ? node.options : undefined,
    Status: 'running',
    Version: compatible.buildkit,
    Platforms: [...markPlatforms(node.platforms, runnable)],
  })),
  Dynamic: false,
  Current: isCurrent,
})
