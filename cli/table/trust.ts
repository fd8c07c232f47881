import type { CommandSpec } from '../command-spec.ts'
import { ANY } from './shared.ts'

const refusal = () => import('../commands/trust-refused.ts')

/**
 * Docker's commands for its trust server, Notary. There is none here: what vouches for images is a policy.json. `trust inspect` shows
 * that; the others check their command lines and say that they have nothing to do.
 */
export const trustCommands: readonly CommandSpec[] = [
  {
    names: ['trust inspect'],
    summary: 'Show who has signed images, as far as policy.json asks for signatures of them',
    usage: 'IMAGE[:TAG] [IMAGE[:TAG]...]',
    operands: [1, ANY],
    flags: () => ({
      pretty: { type: 'bool', summary: 'Print tables for people instead of JSON' },
    }),
    load: () => import('../commands/trust-inspect.ts'),
  },
  {
    names: ['trust revoke'],
    summary: 'Take signatures away from an image (refused: there is no trust server)',
    usage: '[OPTIONS] IMAGE[:TAG]',
    operands: [1, 1],
    flags: () => ({ yes: { type: 'bool', short: 'y', summary: 'Do not prompt for confirmation' } }),
    load: refusal,
  },
  {
    names: ['trust sign'],
    summary: 'Sign an image (refused: there is no trust server)',
    usage: 'IMAGE:TAG',
    operands: [1, 1],
    flags: () => ({ local: { type: 'bool', summary: 'Sign an image that is tagged here' } }),
    load: refusal,
  },
  {
    names: ['trust key generate'],
    summary: 'Make a pair of keys for signing (refused: there is no trust server)',
    usage: 'NAME',
    operands: [1, 1],
    flags: () => ({
      dir: { type: 'string', summary: 'Directory for the public key, by default the current one' },
    }),
    load: refusal,
  },
  {
    names: ['trust key load'],
    summary: 'Load a private key for signing (refused: there is no trust server)',
    usage: '[OPTIONS] KEYFILE',
    operands: [1, 1],
    flags: () => ({
      name: { type: 'string', default: 'signer', summary: 'Name for the loaded key' },
    }),
    load: refusal,
  },
  {
    names: ['trust signer add'],
    summary: 'Add somebody who may sign (refused: there is no trust server)',
    usage: 'OPTIONS NAME REPOSITORY [REPOSITORY...]',
    operands: [2, ANY],
    flags: () => ({ key: { type: 'list', summary: "File with the signer's public key" } }),
    load: refusal,
  },
  {
    names: ['trust signer remove'],
    summary: 'Remove somebody who may sign (refused: there is no trust server)',
    usage: '[OPTIONS] NAME REPOSITORY [REPOSITORY...]',
    operands: [2, ANY],
    flags: () => ({
      force: {
        type: 'bool',
        short: 'f',
        summary: 'Do not prompt for confirmation before removing the most recent signer',
      },
    }),
    load: refusal,
  },
]
