/** What a user may log in to a registry with. */
export type Credentials =
  | { kind: 'password'; username: string; password: string }
  | { kind: 'identity-token'; token: string; username?: string }
