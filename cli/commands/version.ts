import { build, compatible } from '../../lib/core/build-info.ts'
import {
  architecture,
  engineVersion,
  platformName,
  versionMembers,
} from '../../lib/host/version.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `version`: Docker's two blocks. The platform and the components name what really runs. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const format = parsed.string('format') ?? ''
  if (format !== '') {
    const { printDocument } = await import('../output/system-format.ts')
    return printDocument(context, 'version', format, versionDocument())
  }
  const built = formatBuilt(build.date)
  const target = `linux/${architecture()}`
  context.print(`Client: ${platformName}`)
  printPairs(context, ' ', 20, [
    ['Version', compatible.version],
    ['API version', compatible.api],
    ['Git commit', build.commit],
    ['Built', built],
    ['OS/Arch', target],
    ['Context', 'default'],
  ])
  context.print(`\nServer: ${platformName}\n Engine:`)
  printPairs(context, '  ', 20, [
    ['Version', compatible.version],
    ['API version', `${compatible.api} (minimum version ${compatible.minApi})`],
    ['Git commit', build.commit],
    ['Built', built],
    ['OS/Arch', target],
    ['Experimental', 'false'],
  ])
  for (const [name, version, commit] of [
    ['lighter', build.version, build.commit],
    ['lighter-native', build.version, build.commit],
    ['node', process.versions.node, ''],
  ]) {
    context.print(` ${name}:`)
    printPairs(context, '  ', 20, [
      ['Version', version ?? ''],
      ['GitCommit', commit ?? ''],
    ])
  }
  return 0
}

/** Docker's client writes the engine's times as its own. */
function versionDocument(): Record<string, unknown> {
  const built = formatBuilt(build.date)
  const server = engineVersion()
  return {
    Client: {
      Platform: { Name: platformName },
      Version: compatible.version,
      ApiVersion: compatible.api,
      DefaultAPIVersion: compatible.api,
      ...versionMembers(),
      BuildTime: built,
      Context: 'default',
    },
    Server: {
      ...server,
      Components: server.Components.map((component) => ({
        ...component,
        Details: {
          ...component.Details,
          ...('BuildTime' in component.Details ? { BuildTime: built } : {}),
        },
      })),
    },
  }
}

function printPairs(
  context: Context,
  indent: string,
  column: number,
  pairs: [string, string][],
): void {
  for (const [key, value] of pairs) context.print(`${`${indent}${key}:`.padEnd(column)}${value}`)
}

/** `Thu Aug 13 05:35:48 2026`, as Docker prints it; in UTC, so that the same program says the same everywhere. */
function formatBuilt(date: string): string {
  if (date === '') return 'in development'
  const [day, dayOfMonth, month, year, time] = new Date(date)
    .toUTCString()
    .replace(',', '')
    .split(' ')
  return `${day} ${month} ${dayOfMonth?.replace(/^0/, ' ')} ${time} ${year}`
}
