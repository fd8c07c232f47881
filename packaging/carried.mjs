// What the executable carries beside the program text: the native program, the wrappers of the uplinks, the default image, licenses, units of systemd.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** `packaging/build.sh --sanitize` carries the other one. */
const nativeProgram = process.env.LIGHTER_BUILD_NATIVE ?? 'build/native/lighter-native'

/**
 * The files with their places in the source tree, and the manifest that is built into the program. The native side is
 * unpacked into a directory named by its hash, so that two versions of the program never share one.
 */
export function carriedFiles(root) {
  const wrapper = join(root, 'native/uplink')
  const sources = [
    { name: 'lighter-native', path: join(root, nativeProgram) },
    ...readdirSync(wrapper)
      .filter((name) => name.endsWith('.sh'))
      .sort()
      .map((name) => ({ name, path: join(wrapper, name) })),
  ]
  const hash = createHash('sha256')
  const files = sources.map(({ name, path }) => {
    const bytes = readFileSync(path)
    hash.update(`${name}\0${bytes.length}\0`).update(bytes)
    return { name, size: bytes.length, mode: 0o755 }
  })
  const others = [
    ...['default-image.tar', 'licenses.br'].map((name) => ({
      name,
      path: join(root, 'build', name),
    })),
    ...['lighter.service', 'lighter.socket'].map((name) => ({
      name,
      path: join(root, 'packaging/systemd', name),
    })),
  ]
  return {
    assets: Object.fromEntries([...sources, ...others].map(({ name, path }) => [name, path])),
    manifest: { hash: hash.digest('hex').slice(0, 16), files },
  }
}
