import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './registry.ts'
import { until } from './until.ts'
import { testUser, type World } from './world.ts'

export interface SshServer {
  /** `ssh://USER@127.0.0.1:PORT`. */
  url: string
  /** The file of a key that it lets in. */
  key: string
  stop: () => Promise<void>
}

/** Debian's sshd as a world's user, for that user alone. */
export async function startSshServer(world: World): Promise<SshServer> {
  const at = (name: string): string => join(world.home, 'sshd', name)
  mkdirSync(at(''))
  chownSync(at(''), world.ids.uid, world.ids.gid)
  for (const name of ['host', 'key'])
    await world.run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)])
  const port = await freePort()
  const lines = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${at('host')}`,
    `AuthorizedKeysFile ${at('key.pub')}`,
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'StrictModes no',
    'PidFile none',
  ]
  writeFileSync(at('config'), `${lines.join('\n')}\n`)
  const child = world.spawn('/usr/sbin/sshd', ['-D', '-e', '-f', at('config')])
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await until(() => said.includes('Server listening'), 'sshd')
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill()
    await ended
  }
  return { url: `ssh://${testUser().name}@127.0.0.1:${port}`, key: at('key'), stop }
}
