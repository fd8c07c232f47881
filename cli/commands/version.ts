import { release } from 'node:os'
import { build, compatible } from '../../lib/core/build-info.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

const architecture = (): string => ARCHITECTURES[process.arch] ?? process.arch

/** `version`: Docker's two blocks. The platform and the components name what really runs. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const format = parsed.string('format') ?? ''
  if (format !== '') {
    const { printDocument } = await import('../output/system-format.ts')
    return printDocument(context, 'version', format, versionDocument())
  }
  const platform = `lighter ${build.version}`
  const built = formatBuilt(build.date)
  const target = `linux/${architecture()}`
  context.print(`Client: ${platform}`)
  printPairs(context, ' ', 20, [
    ['Version', compatible.version],
    ['API version', compatible.api],
    ['Git commit', build.commit],
    ['Built', built],
    ['OS/Arch', target],
    ['Context', 'default'],
  ])
  context.print(`\nServer: ${platform}\n Engine:`)
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

/** The members of Docker's /version in their order. There is no Go in it: its version is empty. */
function versionDocument(): Record<string, unknown> {
  const platform = { Name: `lighter ${build.version}` }
  const common = { GitCommit: build.commit, GoVersion: '', Os: 'linux', Arch: architecture() }
  const component = (name: string, version: string, commit: string) => ({
    Name: name,
    Version: version,
    Details: { GitCommit: commit },
  })
  return {
    Client: {
      Platform: platform,
      Version: compatible.version,
      ApiVersion: compatible.api,
      DefaultAPIVersion: compatible.api,
      ...common,
      BuildTime: formatBuilt(build.date),
      Context: 'default',
    },
    Server: {
      Platform: platform,
      Components: [
        {
          Name: 'Engine',
          Version: compatible.version,
          Details: {
            ApiVersion: compatible.api,
            ...common,
            BuildTime: formatBuilt(build.date),
            Experimental: 'false',
            KernelVersion: release(),
            MinAPIVersion: compatible.minApi,
          },
        },
        component('lighter', build.version, build.commit),
        component('lighter-native', build.version, build.commit),
        component('node', process.versions.node, ''),
      ],
      Version: compatible.version,
      ApiVersion: compatible.api,
      MinAPIVersion: compatible.minApi,
      ...common,
      KernelVersion: release(),
      BuildTime: build.date,
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
