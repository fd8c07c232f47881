/** Lines of a Dockerfile, the first is 1; both ends belong to it. */
export interface Location {
  start: number
  end: number
}

/** A here-document of an instruction. */
export interface Heredoc {
  /** The word that ends it, without quotes. */
  name: string
  /** Its lines, each with its line feed; tabs at their beginnings are gone with `<<-`. */
  content: string
  /** Whether variables in it are replaced: its word was not quoted. */
  expand: boolean
  /** `<<-` was written. */
  chomp: boolean
}

interface Common {
  location: Location
  /** The instruction as history and progress show it: continuations joined, comments gone. */
  original: string
}

/** Unexpanded, as all words here: the reader has quotes and variables of `expand.ts` replaced. */
export interface KeyValue {
  key: string
  value: string
}

/** What RUN, CMD, ENTRYPOINT and HEALTHCHECK take: a list in JSON, or text for the shell. */
export type CommandLine =
  | { form: 'exec'; args: string[] }
  | { form: 'shell'; text: string; heredocs: Heredoc[] }

export interface From extends Common {
  kind: 'FROM'
  base: string
  platform: string | undefined
  /** The comments right before it, without `#`. */
  comments: string[]
  /** In small letters. */
  as: string | undefined
}

export interface Arg extends Common {
  kind: 'ARG'
  args: { key: string; value: string | undefined }[]
  /** The comments right before it, without `#`. */
  comments: string[]
}

/** A `--mount` of RUN, its options unexpanded and in their order: `source` and `target`, `from` may hold variables. */
export interface MountFlag {
  options: { key: string; value: string | undefined }[]
}

export interface Run extends Common {
  kind: 'RUN'
  command: CommandLine
  mounts: MountFlag[]
  network: 'default' | 'none' | 'host'
  security: 'sandbox' | 'insecure'
}

/** A file that a here-document makes. */
export interface InlineFile {
  path: string
  content: string
  expand: boolean
}

export interface Copy extends Common {
  kind: 'COPY' | 'ADD'
  sources: string[]
  inline: InlineFile[]
  destination: string
  from: string | undefined
  chown: string | undefined
  chmod: string | undefined
  link: boolean
  parents: boolean
  exclude: string[]
  /** ADD only. */
  checksum: string | undefined
  keepGitDir: boolean | undefined
  unpack: boolean | undefined
}

export type Instruction =
  | From
  | Arg
  | Run
  | Copy
  | (Common & {
      kind: 'ENV' | 'LABEL'
      pairs: KeyValue[]
      /** The old form with one pair and no `=`: `ENV name value`. */
      legacy: boolean
    })
  | (Common & { kind: 'CMD' | 'ENTRYPOINT'; command: CommandLine })
  | (Common & { kind: 'EXPOSE'; ports: string[] })
  | (Common & { kind: 'VOLUME'; volumes: string[] })
  | (Common & { kind: 'USER'; user: string })
  | (Common & { kind: 'WORKDIR'; path: string })
  | (Common & { kind: 'STOPSIGNAL'; signal: string })
  | (Common & { kind: 'MAINTAINER'; maintainer: string })
  | (Common & { kind: 'SHELL'; shell: string[] })
  | (Common & { kind: 'ONBUILD'; trigger: string })
  | (Common & {
      kind: 'HEALTHCHECK'
      /** `undefined`: NONE. Times in nanoseconds, as configurations have them; 0: not given. */
      check:
        | {
            command: CommandLine
            interval: number
            timeout: number
            startPeriod: number
            startInterval: number
            retries: number
          }
        | undefined
    })

export interface Stage {
  from: From
  /** Without the FROM. */
  instructions: Exclude<Instruction, From>[]
}

export interface Dockerfile {
  /** As messages call it. */
  name: string
  /** Its lines, for excerpts in messages; what is after the last line feed is one too, mostly an empty one. */
  lines: string[]
  directives: { escape: '\\' | '`'; syntax: string | undefined; check: string | undefined }
  /** Where instructions have empty lines inside. */
  emptyContinuations: Location[]
  /** ARG before the first FROM. */
  metaArgs: Arg[]
  stages: Stage[]
}
