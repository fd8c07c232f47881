import type { Variables } from '../lexer.ts'

/** An image that a stage begins with. */
export interface BaseImageFacts {
  env: Variables
  /** It has a shell of its own (SHELL). */
  hasShell: boolean
  /** As `os/architecture[/variant]`; `undefined`: it does not say. */
  platform: string | undefined
}

/** What the rules need to know that no Dockerfile says. */
export interface LintFacts {
  /** Variables of FROM that every build has: TARGETPLATFORM and its like. */
  predefined: Variables
  buildArgs: Variables
  /** As `os/architecture[/variant]`. */
  targetPlatform: string
  /** Whether the target needs a stage; of the others only the text is looked at. */
  needs(index: number): boolean
  /**
   * What a stage begins with: another one, by its index, or an image. `image: undefined`: nothing is known of it, so that variables
   * cannot be said to be undefined.
   */
  baseOf(index: number): { stage: number } | { image: BaseImageFacts | undefined }
  /** Whether an image can have this name. */
  isReference(name: string): boolean
  parsePlatform(text: string): { os: string; architecture: string } | undefined
  /** Whether `.dockerignore` leaves a path out; `undefined`: there is none, or it has exceptions, which make that hard to say. */
  ignores: ((path: string) => boolean) | undefined
}
