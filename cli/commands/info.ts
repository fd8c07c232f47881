import { build, compatible } from '../../lib/core/build-info.ts'
import { formatBinarySize } from '../../lib/core/units.ts'
import { collectInfo } from '../../lib/housekeeping/info.ts'
import type { InfoFacts } from '../../lib/housekeeping/info-document.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'
import type { Plugin } from '../plugins/metadata.ts'

/** `info`: Docker's layout, filled with what is true here. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const facts = await collectInfo(context.engine, context.debug)
  const { listPlugins } = await import('../plugins/metadata.ts')
  const { plugins, refused } = await listPlugins(context.engine.paths.dockerConfig)
  const format = parsed.string('format') ?? ''
  if (format !== '') {
    const { clientInfoDocument } = await import('../output/info-document.ts')
    const { printDocument } = await import('../output/system-format.ts')
    return printDocument(context, 'info', format, clientInfoDocument(facts, plugins))
  }
  context.print(`${lines(facts, plugins).join('\n')}\n`)
  for (const warning of facts.warnings) context.warn(warning)
  for (const warning of refused) context.warn(`WARNING: ${warning}`)
  return 0
}

const lines = (facts: InfoFacts, plugins: readonly Plugin[]): string[] => [
  `Client: lighter ${build.version}`,
  ` Version:    ${compatible.version}`,
  ' Context:    default',
  ` Debug Mode: ${facts.debug}`,
  ...(plugins.length > 0 ? [' Plugins:', ...plugins.flatMap(pluginLines)] : []),
  '',
  'Server:',
  ` Containers: ${facts.running + facts.paused + facts.stopped}`,
  `  Running: ${facts.running}`,
  `  Paused: ${facts.paused}`,
  `  Stopped: ${facts.stopped}`,
  ` Images: ${facts.images}`,
  ` Server Version: ${compatible.version}`,
  ` Storage Driver: ${facts.driver}`,
  ...facts.driverStatus.map(([name, value]) => `  ${name}: ${value}`),
  ' Logging Driver: json-file',
  ` Cgroup Driver: ${facts.cgroupDriver}`,
  ` Cgroup Version: ${facts.cgroupVersion}`,
  ' Plugins:',
  `  Volume: ${facts.volumeDrivers.join(' ')}`,
  '  Network: bridge host none pasta slirp4netns',
  '  Log: journald json-file local none passthrough',
  ' Swarm: inactive',
  ` Runtimes: ${facts.runtimes.join(' ')}`,
  ' Default Runtime: lighter-native',
  ' Init Binary: lighter-native',
  ' Security Options:',
  '  seccomp',
  '   Profile: builtin',
  ...(facts.rootless ? ['  rootless'] : []),
  '  cgroupns',
  ` Kernel Version: ${facts.kernel}`,
  ` Operating System: ${facts.system}`,
  ' OSType: linux',
  ` Architecture: ${facts.architecture}`,
  ` CPUs: ${facts.cpus}`,
  ` Total Memory: ${formatBinarySize(facts.memory)}`,
  ` Name: ${facts.name}`,
  ` Docker Root Dir: ${facts.root}`,
  ` Debug Mode: ${facts.debug}`,
  ' Experimental: false',
  ' Insecure Registries:',
  '  127.0.0.0/8',
  ' Live Restore Enabled: false',
  ` Product: lighter ${build.version}`,
]

const pluginLines = ({ name, path, metadata }: Plugin): string[] => [
  `  ${name}: ${metadata.ShortDescription} (${metadata.Vendor})`,
  ...(metadata.Version === '' ? [] : [`    Version:  ${metadata.Version}`]),
  `    Path:     ${path}`,
]
