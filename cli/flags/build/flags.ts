import { builder } from '../../table/builder-flag.ts'
import { checked } from '../checked.ts'
import type { FlagSpec, FlagTable } from '../spec.ts'
import { parseUlimit } from '../ulimit.ts'

/** Every occurrence as it is; buildx calls the type so. */
const array = (summary: string, more: Partial<FlagSpec> = {}): FlagSpec => ({
  type: 'list',
  placeholder: 'stringArray',
  summary,
  ...more,
})

const strings = (summary: string): FlagSpec => ({
  type: 'strings',
  placeholder: 'strings',
  summary,
})

/** What `bake` has, too. */
export const commonBuildFlags = (): FlagTable => ({
  builder,
  load: { type: 'bool', summary: 'Shorthand for "--output=type=docker"' },
  'metadata-file': { type: 'string', summary: 'Write build result metadata to a file' },
  'no-cache': { type: 'bool', summary: 'Do not use cache when building the image' },
  progress: {
    type: 'string',
    default: 'auto',
    summary:
      'How progress is shown ("auto", "plain", "tty", "quiet", "rawjson"); plain shows what steps print',
  },
  provenance: { type: 'string', summary: 'Shorthand for "--attest=type=provenance"' },
  pull: { type: 'bool', summary: 'Always attempt to pull all referenced images' },
  push: { type: 'bool', summary: 'Shorthand for "--output=type=registry"' },
  sbom: { type: 'string', summary: 'Shorthand for "--attest=type=sbom"' },
})

/** Flags of `build`, those of Docker's older builder among them. */
export const buildFlags = (): FlagTable => ({
  ...commonBuildFlags(),
  'add-host': strings('Add a custom host-to-IP mapping (format: "host:ip")'),
  allow: strings('Allow extra privileges (e.g., "network.host", "security.insecure")'),
  annotation: array('Add an annotation to the image'),
  attest: array('Attestation parameters (format: "type=sbom,generator=image")'),
  'build-arg': array('Set build-time variables'),
  'build-context': array('Additional build contexts (e.g., name=path)'),
  'cache-from': array(
    'External cache sources (e.g., "user/app:cache", "type=local,src=path/to/dir")',
  ),
  'cache-to': array(
    'Cache export destinations (e.g., "user/app:cache", "type=local,dest=path/to/dir")',
  ),
  call: {
    type: 'string',
    default: 'build',
    summary: 'What is done with the Dockerfile ("build", "check", "outline", "targets")',
  },
  'cgroup-parent': { type: 'string', summary: 'Parent cgroup for the "RUN" instructions' },
  check: { type: 'bool', summary: 'Shorthand for "--call=check"' },
  file: {
    type: 'string',
    short: 'f',
    summary: 'Name of the Dockerfile (default: "PATH/Dockerfile")',
  },
  iidfile: { type: 'string', summary: 'Write the image ID to a file' },
  label: array('Set metadata for an image'),
  network: {
    type: 'string',
    default: 'default',
    summary: 'Network of the "RUN" instructions ("default", "none", "host")',
  },
  'no-cache-filter': array('Do not cache specified stages'),
  output: array('Output destination (format: "type=local,dest=path")', { short: 'o' }),
  platform: array('Set target platform for build'),
  quiet: {
    type: 'bool',
    short: 'q',
    summary: 'Suppress the build output and print image ID on success',
  },
  secret: array('Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")'),
  'shm-size': { type: 'bytes', summary: 'Shared memory size for build containers' },
  ssh: array(
    'SSH agent socket or keys to expose to the build (format: "default|<id>[=<socket>|<key>[,<key>]]")',
  ),
  tag: array('Name and optionally a tag (format: "name:tag")', { short: 't' }),
  target: { type: 'string', summary: 'Set the target build stage to build' },
  ulimit: {
    type: 'list',
    placeholder: 'ulimit',
    shownDefault: '[]',
    check: checked(parseUlimit),
    summary: 'Ulimit options',
  },
  ...legacyFlags(),
})

const hidden = (type: FlagSpec['type'], more: Partial<FlagSpec> = {}): FlagSpec => ({
  type,
  summary: '',
  hidden: true,
  ...more,
})

/**
 * What only the builder before BuildKit knew. BuildKit's client takes them and does nothing, for scripts that have them still; of three
 * it says so.
 */
const legacyFlags = (): FlagTable => ({
  compress: hidden('bool'),
  'cpu-period': hidden('int'),
  'cpu-quota': hidden('int'),
  'cpu-shares': hidden('int', { short: 'c' }),
  'cpuset-cpus': hidden('string'),
  'cpuset-mems': hidden('string'),
  'disable-content-trust': hidden('bool', { default: true }),
  'force-rm': hidden('bool'),
  isolation: hidden('string'),
  memory: hidden('string', { short: 'm', placeholder: 'bytes' }),
  'memory-swap': hidden('string', { placeholder: 'bytes' }),
  rm: hidden('bool', { default: true }),
  'security-opt': hidden('strings', { placeholder: 'strings' }),
  squash: hidden('bool'),
})
