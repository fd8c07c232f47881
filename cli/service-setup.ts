import { dirname, isAbsolute, join } from 'node:path'
import { LighterError } from '../lib/core/errors.ts'
import { placeOfData } from '../lib/host/boot-unit.ts'
import { ownCommand } from '../lib/host/own-command.ts'
import { ensureService } from '../lib/host/service.ts'
import {
  askManager,
  findUnitPlace,
  isManaged,
  removeUnits,
  SOCKET_UNIT,
  systemctlWords,
  UNIT_NAMES,
  type UnitPlace,
  unitText,
  writeUnits,
} from '../lib/host/service-units.ts'
import { readCarried } from '../lib/runtime/binary.ts'
import type { Context } from './context.ts'
import type { Parsed } from './parse.ts'

/** `system service --background`: prints what clients have to know. */
export async function background({ engine, print }: Context, parsed: Parsed): Promise<number> {
  const [address] = parsed.operands
  const path = address === undefined ? undefined : address.replace(/^unix:\/\//, '')
  if (path !== undefined && (path === address || !isAbsolute(path))) {
    throw new LighterError('usage', '--background is for unix:///PATH')
  }
  const idleTime = parsed.int('time') ?? 0
  const host = await ensureService(engine.paths, { idleTime, ...(path ? { path } : {}) })
  print(`export DOCKER_HOST=${host}`)
  return 0
}

/** `system service --install`: done twice it changes nothing. */
export function install(context: Context): number {
  const { print } = context
  const place = placeOf(context)
  const settings = { command: ownCommand(), environment: placeOfData() }
  const texts = UNIT_NAMES.map((name) => {
    const text = Buffer.from(readCarried(name)).toString('utf8')
    return [name, unitText(text, settings)] as const
  })
  for (const path of writeUnits(place, Object.fromEntries(texts))) print(`Wrote ${path}`)
  const started =
    askManager(place, 'daemon-reload') && askManager(place, 'enable', '--now', SOCKET_UNIT)
  if (started) {
    print(`${SOCKET_UNIT} is up: the service starts with its first client, and ends when idle.`)
  } else {
    if (!isManaged(place)) {
      context.warn(
        `No systemd answers here. Where there is none: '${context.program} system service --background'`,
      )
    }
    const reload = systemctlWords(place, 'daemon-reload').join(' ')
    const enable = systemctlWords(place, 'enable', '--now', SOCKET_UNIT).join(' ')
    print(`To have systemd listen:\n$ ${reload}\n$ ${enable}`)
  }
  const host = `unix://${socketOf(place)}`
  print(`For clients, one of these:
$ export DOCKER_HOST=${host}
$ docker context create lighter --docker host=${host}
$ docker context use lighter`)
  return 0
}

/** `system service --uninstall`: nothing to undo is fine. */
export function uninstall(context: Context): number {
  const place = placeOf(context)
  askManager(place, 'disable', '--now', SOCKET_UNIT)
  const removed = removeUnits(place)
  askManager(place, 'daemon-reload')
  for (const path of removed) context.print(`Removed ${path}`)
  if (removed.length === 0) context.print('It was not installed.')
  return 0
}

const placeOf = ({ engine }: Context): UnitPlace =>
  findUnitPlace(process.getuid?.() ?? 0, dirname(dirname(engine.paths.config)))

/** What `%t/lighter/docker.sock` of the unit comes to. */
const socketOf = ({ uid }: UnitPlace): string =>
  join(
    uid === 0 ? '/run' : process.env.XDG_RUNTIME_DIR || `/run/user/${uid}`,
    'lighter/docker.sock',
  )
