/** Somebody else for whom something is built, who has nothing of his own here: he is asked for it when a step wants it. */
export interface BuildClient {
  /** Names of the directories with his context and with his Dockerfile; `undefined`: what is built comes from elsewhere. */
  readonly directories: { context: string; dockerfile: string } | undefined
  /** The bytes of a secret; `undefined`: he has none of that name. */
  secret(id: string): Promise<Buffer | undefined>
  /** The socket of an agent; `undefined`: he has none of that name. */
  agent(id: string): Promise<string | undefined>
  /** Has files of one of his directories be below a directory of ours. Throws `build` for what he cannot read. */
  copy(wanted: ClientFiles): Promise<void>
}

/** Files of a client's that are wanted. */
export interface ClientFiles {
  /** As he calls the directory that they are in. */
  name: string
  /** A directory of ours, which is there; what earlier copies have put there stays. */
  into: string
  /** Paths, with what is below them, and those that links among them lead to; none: all there is. A name may have `*` and `?`. */
  paths: readonly string[]
  /** Of an ignore file. */
  exclude: readonly string[]
  /** Told how many bytes have come. */
  onBytes(count: number): void
  signal: AbortSignal | undefined
}
