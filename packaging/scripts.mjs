// The scripts that the executable carries. What a command does not read costs it nothing: 100 kB of source with their code
// cache take 1.2 ms.
//
//   lighter, listing, launch, …   the parts of the program that usual commands need, see PARTS
//   rare   all of it that is in no other part
//   …      each npm library that only some commands need
//
// Each is one function `(require, module, exports)`. What a module wants of another part it calls `part:rare:cli/commands/cp.ts`,
// and a library `carried:tar`; packaging/loader.cjs finds it.
import { join } from 'node:path'

/**
 * npm packages with a script of their own, of packaging/NAME.cjs where only some of one is used. The program may load them by
 * `import()` only.
 */
export const LIBRARIES = [
  'openpgp',
  'protobufjs',
  'smol-toml',
  'socks-proxy-agent',
  'tar',
  'ws',
  'yaml',
]

/**
 * The parts of the program, each with the modules that usual commands load by `import()`. A part holds them with all that they
 * import, except what an earlier part has. Of the parts in `copies` it has its own copy of what it needs, so that usual commands
 * do not load those. A command that loads both (`inspect` of an image) has the variables of such modules twice: they may hold
 * nothing but what can be made again.
 */
export const PARTS = [
  {
    name: 'lighter',
    modules: [
      'cli/main.ts',
      'cli/dispatch.ts',
      'lib/engine.ts',
      // What `ps` and the commands of `launch` share.
      'cli/docker-config.ts',
      'lib/core/units.ts',
      'lib/container/catalog.ts',
      'lib/container/condition.ts',
      'lib/container/ports.ts',
      'lib/container/record.ts',
      'lib/core/ids.ts',
      'lib/format/errors.ts',
    ],
  },
  { name: 'listing', modules: ['cli/commands/ps.ts'] },
  {
    name: 'launch',
    modules: ['cli/commands/create.ts', 'cli/commands/run.ts', 'lib/runtime/storage.ts'],
  },
  {
    name: 'containers',
    modules: [
      'cli/commands/exec.ts',
      'cli/commands/rm.ts',
      'cli/commands/start.ts',
      'cli/commands/stop.ts',
      'lib/container/abandoned.ts',
    ],
  },
  {
    name: 'reading',
    modules: ['cli/commands/logs.ts', 'cli/commands/inspect.ts', 'lib/container/logs.ts'],
    copies: ['launch'],
  },
  {
    name: 'formats',
    modules: [
      'cli/output/container-format.ts',
      'lib/format/template.ts',
      'lib/format/inspect.ts',
      'lib/format/documents/container.ts',
      'lib/format/documents/image.ts',
      'lib/format/documents/objects.ts',
    ],
  },
  {
    name: 'registry',
    modules: ['cli/commands/pull.ts', 'cli/commands/push.ts', 'lib/image/layer.ts'],
    copies: ['launch'],
  },
  {
    name: 'build',
    modules: [
      'cli/commands/build.ts',
      'cli/output/build/plain.ts',
      'cli/output/build/quiet.ts',
      'cli/output/build/terminal.ts',
      'lib/build/build.ts',
      'lib/build/builders.ts',
      'lib/build/context/layers.ts',
      'lib/build/context/trees.ts',
      'lib/build/export/image.ts',
      'lib/dockerfile/lint.ts',
    ],
    copies: ['launch', 'registry', 'listing', 'formats', 'reading'],
  },
  // Of builds what changes something.
  {
    name: 'steps',
    modules: ['lib/build/layers.ts', 'lib/build/run/run.ts', 'lib/build/run/session.ts'],
    copies: ['launch', 'registry'],
  },
  // What containers are made with now and then.
  {
    name: 'options',
    modules: ['cli/flags/host-options.ts', 'cli/flags/mount.ts', 'lib/container/resources.ts'],
  },
  // The Engine API: what a service needs to listen, then what most clients ask for.
  {
    name: 'service',
    modules: ['cli/commands/system-service.ts', 'api/service.ts', 'api/system/ping.ts'],
    copies: ['launch', 'reading'],
  },
  {
    name: 'answers',
    modules: [
      'api/containers/change.ts',
      'api/containers/commit.ts',
      'api/containers/create/create.ts',
      'api/containers/files.ts',
      'api/containers/inspect.ts',
      'api/containers/list.ts',
      'api/containers/logs.ts',
      'api/containers/remove.ts',
      'api/containers/run.ts',
      'api/containers/stats.ts',
      'api/containers/top.ts',
      'api/images/create.ts',
      'api/images/history.ts',
      'api/images/inspect.ts',
      'api/images/list.ts',
      'api/images/load.ts',
      'api/images/prune.ts',
      'api/images/push.ts',
      'api/images/remove.ts',
      'api/images/save.ts',
      'api/images/tag.ts',
      'api/networks/connect.ts',
      'api/networks/create.ts',
      'api/networks/list.ts',
      'api/networks/prune.ts',
      'api/networks/remove.ts',
      'api/streams/attach.ts',
      'api/streams/exec-create.ts',
      'api/streams/exec-inspect.ts',
      'api/streams/exec-resize.ts',
      'api/streams/exec-start.ts',
      'api/streams/resize.ts',
      'api/streams/start.ts',
      'api/streams/wait.ts',
      'api/system/df.ts',
      'api/system/events.ts',
      'api/system/info.ts',
      'api/system/ping.ts',
      'api/system/version.ts',
      'api/volumes/create.ts',
      'api/volumes/list.ts',
      'api/volumes/prune.ts',
      'api/volumes/remove.ts',
    ],
  },
]

/** The part of all modules that no usual command needs. */
export const RARE = 'rare'

export const SCRIPTS = [...PARTS.map(({ name }) => name), RARE, ...LIBRARIES]

/** How the program names a library. */
export const CARRIED = 'carried:'

export const scriptPath = (root, name) => join(root, `build/bundle/${name}.cjs`)
export const cachePath = (root, name) => join(root, `build/bundle/${name}.cache`)

/** Asset names and files. */
export const scriptAssets = (root) =>
  Object.fromEntries(
    SCRIPTS.flatMap((name) => [
      [`${name}.cjs`, scriptPath(root, name)],
      [`${name}.cache`, cachePath(root, name)],
    ]),
  )

/**
 * What V8 is told, also while the code caches are made: they are good for the same flags only. Its young generation grows with what
 * happens at once, up to 3 × 16 MB, and never shrinks while a service is idle; buffers that are read into count as part of it.
 */
export const V8_FLAGS = ['--max-semi-space-size=4']
