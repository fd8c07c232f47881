import type { Digest } from '../../core/ids.ts'
import type { Dockerfile } from '../../dockerfile/ast.ts'
import type { ImageConfig } from '../../oci/image.ts'
import type { Platform } from '../../oci/platform.ts'
import type { Step } from '../graph.ts'
import type { BuildOptions } from '../options.ts'
import type { Platforms } from './global-args.ts'
import type { Environment, Expander } from './scope.ts'
import type { StageState } from './stage.ts'

/** Somebody's image as a stage begins with it, or copies from it. */
export interface BaseImage {
  step: Step
  config: ImageConfig
  layers: readonly Digest[]
}

/** Where the front end gets what is outside of the Dockerfile. */
export interface Inputs {
  /** Finds an image, and what its containers are like; layers are fetched later, if at all. `name`: of the step. */
  image(text: string, platform: Platform, name: (full: string) => string): Promise<BaseImage>
  /** Files of the main context. */
  context(): Step
  /** A context of `--build-context`; `undefined`: there is none of that name. */
  named(name: string, platform: Platform): Promise<BaseImage | { files: Step } | undefined>
  /** What is at a URL, as a tree with one file of that name. */
  url(address: string, name: string, checksum: string | undefined): Step
  /** A repository of git. */
  repository(address: string, keepGitDirectory: boolean): Step
}

/** What one conversion of a Dockerfile for one platform knows. */
export interface Conversion {
  dockerfile: Dockerfile
  options: BuildOptions
  platforms: Platforms
  inputs: Inputs
  expander: Expander
  /** Variables of FROM. */
  globals: Environment
  /** Names of build arguments that some ARG asked for. */
  usedArgs: Set<string>
  platformText(platform: Platform): string
  /** Several platforms are built: progress tells them apart. */
  showPlatform: boolean
  /** Seconds since 1970: SOURCE_DATE_EPOCH. */
  epoch: number | undefined
  /** A stage, gone through once. */
  stateOf(index: number): Promise<StageState>
}
