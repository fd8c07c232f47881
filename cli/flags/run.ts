import { createLimitFlags } from './resource-flags.ts'
import type { FlagTable } from './spec.ts'
import { surroundingsFlags } from './surroundings-flags.ts'

const STREAMS = new Set(['stdin', 'stdout', 'stderr'])

export const checkEnv = (text: string): string | undefined =>
  text === '' || text.startsWith('=') ? `invalid environment variable: ${text}` : undefined

/** What is wrong with a label. */
export const checkLabel = (text: string): string | undefined =>
  text === '' || text.startsWith('=') ? `invalid label '${text}': empty name` : undefined

const checkStream = (text: string): string | undefined =>
  STREAMS.has(text.toLowerCase()) ? undefined : 'valid streams are STDIN, STDOUT and STDERR'

/** Flags that `create` and `run` share. */
export const createFlags = (): FlagTable => ({
  ...createLimitFlags(),
  ...surroundingsFlags(),
  attach: {
    type: 'list',
    short: 'a',
    check: checkStream,
    summary: 'Attach to STDIN, STDOUT or STDERR',
  },
  'cap-add': { type: 'list', summary: 'Add Linux capabilities' },
  'cap-drop': { type: 'list', summary: 'Drop Linux capabilities' },
  cidfile: { type: 'string', summary: 'Write the container ID to the file' },
  entrypoint: { type: 'string', summary: 'Overwrite the default ENTRYPOINT of the image' },
  env: { type: 'list', short: 'e', check: checkEnv, summary: 'Set environment variables' },
  'env-file': { type: 'list', summary: 'Read in a file of environment variables' },
  'group-add': { type: 'list', summary: 'Add additional groups to join' },
  'health-cmd': { type: 'string', summary: 'Command to run to check health' },
  'health-interval': {
    type: 'duration',
    shownDefault: '0s',
    summary: 'Time between running the check (ms|s|m|h)',
  },
  'health-retries': {
    type: 'int',
    summary: 'Consecutive failures needed to report unhealthy',
  },
  'health-start-interval': {
    type: 'duration',
    shownDefault: '0s',
    summary: 'Time between running the check during the start period (ms|s|m|h)',
  },
  'health-start-period': {
    type: 'duration',
    shownDefault: '0s',
    summary:
      'Start period for the container to initialize before starting health-retries countdown (ms|s|m|h)',
  },
  'health-timeout': {
    type: 'duration',
    shownDefault: '0s',
    summary: 'Maximum time to allow one check to run (ms|s|m|h)',
  },
  hostname: { type: 'string', short: 'h', summary: 'Container host name' },
  init: {
    type: 'bool',
    summary: 'Run an init inside the container that forwards signals and reaps processes',
  },
  interactive: { type: 'bool', short: 'i', summary: 'Keep STDIN open even if not attached' },
  label: { type: 'list', short: 'l', check: checkLabel, summary: 'Set meta data on a container' },
  'label-file': { type: 'list', summary: 'Read in a line delimited file of labels' },
  'log-driver': {
    type: 'string',
    summary: 'Logging driver for the container (json-file, local, journald, none, passthrough)',
  },
  'log-opt': { type: 'list', summary: 'Log driver options' },
  mount: {
    type: 'list',
    placeholder: 'mount',
    summary: 'Attach a filesystem mount to the container',
  },
  name: { type: 'string', summary: 'Assign a name to the container' },
  'no-healthcheck': { type: 'bool', summary: 'Disable any container-specified HEALTHCHECK' },
  platform: { type: 'string', summary: 'Set platform if server is multi-platform capable' },
  privileged: { type: 'bool', summary: 'Give extended privileges to this container' },
  pull: {
    type: 'string',
    default: 'missing',
    summary: 'Pull image before creating ("always", "|missing", "never")',
  },
  quiet: { type: 'bool', short: 'q', summary: 'Suppress the pull output' },
  'read-only': { type: 'bool', summary: "Mount the container's root filesystem as read only" },
  restart: {
    type: 'string',
    default: 'no',
    summary: 'Restart policy to apply when a container exits',
  },
  rm: { type: 'bool', summary: 'Automatically remove the container when it exits' },
  runtime: { type: 'string', summary: 'Runtime to use for this container' },
  'security-opt': { type: 'list', summary: 'Security Options' },
  'stop-signal': { type: 'string', summary: 'Signal to stop the container' },
  'stop-timeout': { type: 'int', summary: 'Timeout (in seconds) to stop a container' },
  tmpfs: { type: 'list', summary: 'Mount a tmpfs directory' },
  tty: { type: 'bool', short: 't', summary: 'Allocate a pseudo-TTY' },
  user: {
    type: 'string',
    short: 'u',
    summary: 'Username or UID (format: <name|uid>[:<group|gid>])',
  },
  volume: { type: 'list', short: 'v', summary: 'Bind mount a volume' },
  workdir: { type: 'string', short: 'w', summary: 'Working directory inside the container' },
})

export const runFlags = (): FlagTable => ({
  ...createFlags(),
  detach: {
    type: 'bool',
    short: 'd',
    summary: 'Run container in background and print container ID',
  },
  'detach-keys': {
    type: 'string',
    summary: 'Override the key sequence for detaching a container',
  },
  pull: {
    type: 'string',
    default: 'missing',
    summary: 'Pull image before running ("always", "missing", "never")',
  },
  'sig-proxy': {
    type: 'bool',
    default: true,
    summary: 'Proxy received signals to the process',
  },
})
