/** What a user may log in to a registry with. */
export type Credentials =
  | { kind: 'password'; username: string; password: string }
  | { kind: 'identity-token'; token: string; username?: string }

/** A token of a registry itself: it is sent as it is. */
export interface RegistryToken {
  kind: 'registry-token'
  token: string
}

/** Knows what to log in with at a registry, for a repository there; `undefined`: nothing. */
export type FindCredentials = (
  registry: string,
  repository?: string,
) => Promise<Credentials | RegistryToken | undefined>
