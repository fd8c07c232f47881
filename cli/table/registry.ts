import type { CommandSpec } from '../command-spec.ts'
import { contentTrust } from '../flags/content-trust.ts'
import { filter, format, onlyPlatform } from './shared.ts'

/** Commands that speak to registries: to log in, and to give images away. */
export const registryCommands: readonly CommandSpec[] = [
  {
    names: ['login'],
    summary: 'Log in to a registry',
    usage: '[OPTIONS] [SERVER]',
    operands: [0, 1],
    flags: () => ({
      password: { type: 'string', short: 'p', summary: 'Password' },
      'password-stdin': { type: 'bool', summary: 'Take the password from stdin' },
      username: { type: 'string', short: 'u', summary: 'Username' },
    }),
    load: () => import('../commands/login.ts'),
  },
  {
    names: ['logout'],
    summary: 'Log out from a registry',
    usage: '[SERVER]',
    operands: [0, 1],
    flags: () => ({}),
    load: () => import('../commands/logout.ts'),
  },
  {
    names: ['search'],
    summary: 'Search Docker Hub for images',
    usage: '[OPTIONS] TERM',
    operands: [1, 1],
    flags: () => ({
      filter,
      format,
      limit: { type: 'int', summary: 'Max number of search results' },
      'no-trunc': { type: 'bool', summary: "Don't truncate output" },
    }),
    load: () => import('../commands/search.ts'),
  },
  {
    names: ['image push', 'push'],
    summary: 'Upload an image to a registry',
    usage: '[OPTIONS] NAME[:TAG]',
    operands: [1, 1],
    flags: () => ({
      'all-tags': {
        type: 'bool',
        short: 'a',
        summary: 'Push all tags of an image to the repository',
      },
      'disable-content-trust': contentTrust('Skip image signing'),
      platform: onlyPlatform('Push'),
      quiet: { type: 'bool', short: 'q', summary: 'Suppress verbose output' },
    }),
    load: () => import('../commands/push.ts'),
  },
]
