import type { Digest } from '../core/ids.ts'
import type { Location } from '../dockerfile/ast.ts'
import type { FileTree, Selection } from './files.ts'
import type { RunRequest } from './run/request.ts'

/**
 * A build is a graph of steps: what a step makes is known from what it says and from what its inputs have made. A root filesystem
 * is the list of its layers; a context is a tree of files.
 */
export interface Step {
  /** Of the definition, inputs included: equal ones are one step. What progress calls its vertex. */
  digest: string
  /** As progress shows it. */
  name: string
  /** Of the Dockerfile; `undefined` for what no instruction says. */
  location: Location | undefined
  inputs: readonly Step[]
  operation: Operation
  /** It is done anew, whatever the cache has. */
  fresh: boolean
  /** How many steps are below it, one on the other. */
  depth: number
}

/** Steps and stages on top of each other: no more than a root filesystem may have layers, which a step after the other would tell late. */
export const MAX_DEPTH = 500

export type Operation =
  /** No files at all. */
  | { type: 'scratch' }
  /** Somebody's image; its layers are fetched when a step needs them. */
  | { type: 'image'; layers: readonly Digest[] }
  | TreeOperation
  | RunOperation
  | FilesOperation
  /** The layers that the other inputs have made without a parent, on those of the first. */
  | { type: 'merge' }

/** Files of a context, a URL or a repository. */
export interface TreeOperation {
  type: 'tree'
  /** Is called once. */
  open(): Promise<FileTree>
  /** As progress calls the reading of its files; without it that is not told. */
  transfer?: string
}

/** Told how much of something is there. */
export type OnFetch = (id: string, current: number, total: number) => void

/** A command in the root filesystem of the first input. */
export interface RunOperation {
  type: 'run'
  meta: Omit<
    RunRequest,
    'layers' | 'directory' | 'mounts' | 'platform' | 'onOutput' | 'signal' | 'env'
  >
  env: readonly string[]
  /** Given to the command, and no reason to run it anew. */
  proxies: readonly string[]
  mounts: readonly MountOperation[]
  /** Files of the step that are scripts: path and text. */
  scripts: readonly { path: string; content: string }[]
  platform: string
}

/** A mount before its files are known; `input`: of the step. */
export type MountOperation =
  | { type: 'bind'; input: number; source: string; target: string; writable: boolean }
  | {
      type: 'cache'
      id: string
      sharing: 'shared' | 'private' | 'locked'
      input: number | undefined
      source: string
      target: string
      readOnly: boolean
      uid: number
      gid: number
      mode: number
    }
  | { type: 'tmpfs'; target: string; size: number }
  | {
      type: 'secret'
      id: string
      required: boolean
      target: string | undefined
      variable: string | undefined
      uid: number
      gid: number
      mode: number
    }
  | {
      type: 'ssh'
      id: string
      required: boolean
      target: string
      uid: number
      gid: number
      mode: number
    }

/** Changes of files on top of the first input. */
export interface FilesOperation {
  type: 'files'
  actions: readonly FileAction[]
  /** Seconds since 1970 that made directories get; `undefined`: now. */
  epoch: number | undefined
}

export type FileAction =
  | {
      type: 'copy'
      /** Of the step. */
      input: number
      selection: Selection
      /** Absolute; with a slash at its end it is a directory. */
      destination: string
      /** Several sources, or what the user wrote ends in a slash: the destination is a directory. */
      isDirectory: boolean
      owner: string | undefined
      mode: string | undefined
      /** Archives are unpacked in place of being copied. */
      unpack: boolean
      /** As messages name the source. */
      label: string
    }
  | { type: 'mkdir'; path: string; mode: number; owner: string | undefined }
  | {
      type: 'write'
      path: string
      content: string
      mode: string | undefined
      owner: string | undefined
    }

/** What a step made. */
export type StepResult = { layers: readonly Digest[] } | { tree: FileTree }
