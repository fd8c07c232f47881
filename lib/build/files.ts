import type { Digest } from '../core/ids.ts'

/** Where files are: below a directory of the host, or in the layers of a root filesystem, the lowest first. */
export type FileOrigin = { directory: string } | { layers: readonly Digest[] }

/** What COPY and ADD take of a tree: patterns of paths relative to its root, as Docker's. */
export interface Selection {
  patterns: readonly string[]
  exclude: readonly string[]
  /** `--parents`: paths stay what they are below the destination. */
  parents: boolean
}

/** A path that is taken. Paths are relative to the root, without `.` and `..`; the root itself is `''`. */
export interface SelectedEntry {
  path: string
  type: 'file' | 'directory' | 'symlink' | 'other'
  /** With all that is below it: nothing of that is left out. */
  whole: boolean
}

/** One source of a COPY after its pattern was looked up. */
export interface Selected {
  /**
   * The path that the pattern matched (links on the way resolved), whose base name a file keeps in a directory. Where it is a link
   * itself, `entries` begin with what it leads to.
   */
  path: string
  /** With `parents`: what of the path is kept below the destination. */
  kept: string
  isDirectory: boolean
  /**
   * The path itself first, then what is below it, sorted, so that a directory comes before its content. What is below a directory that
   * is taken as a whole is not listed.
   */
  entries: SelectedEntry[]
}

/** A tree that steps copy from: a context, a stage, an image. */
export interface FileTree {
  origin: FileOrigin
  /**
   * Digest of what a selection takes: names below it, contents, modes, owners, link targets, extended attributes; no times. Equal
   * selections of equal trees have equal digests, wherever they are. Throws `DockerfileError` (without a location) where a pattern without wildcards matches
   * nothing, or leads out of the tree.
   */
  digest(selection: Selection): Promise<string>
  /** Bytes of files that digests have been made of so far; those that are remembered are not read. `undefined`: nobody counts them. */
  readonly bytesRead?: number
  /** What a selection takes, for the copy. */
  select(selection: Selection): Promise<Selected[]>
  /**
   * Whether a selection takes what it took when its digest was made, looked at anew. Asked after a copy: what was copied while it changed
   * must not be found under that digest later.
   */
  isUnchanged(selection: Selection): Promise<boolean>
  /** A small file, links resolved inside; `undefined` when it is not there. */
  readFile(path: string, limit: number): Promise<Buffer | undefined>
}
