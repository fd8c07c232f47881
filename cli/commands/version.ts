import { build, compatible } from '../build-info.ts'
import type { Context } from '../context.ts'

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** `version`: Docker's two blocks. The platform and the components name what really runs. */
export async function run(context: Context): Promise<number> {
  const platform = `lighter ${build.version}`
  const built = formatBuilt(build.date)
  const target = `linux/${ARCHITECTURES[process.arch] ?? process.arch}`
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
