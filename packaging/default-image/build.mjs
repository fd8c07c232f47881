// Builds build/default-image.tar, an OCI image layout made from busybox: the same input gives the same bytes.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { create } from 'tar'

const REFERENCE = 'docker.io/lighter/hello:latest'
const EPOCH = new Date(0)

process.umask(0o022)
const root = join(import.meta.dirname, '../..')
const work = join(root, 'build/default-image')
const layout = join(work, 'layout')
const busybox = findBusybox()

rmSync(work, { recursive: true, force: true })
mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })

const tree = makeTree(join(work, 'rootfs'))
const layer = archive(tree)
const packedLayer = writeBlob(gzipSync(layer, { level: 9 }))
const config = writeBlob(
  json({
    created: EPOCH.toISOString(),
    architecture: { x64: 'amd64', arm64: 'arm64' }[process.arch],
    os: 'linux',
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Cmd: ['/bin/greeting'],
    },
    rootfs: { type: 'layers', diff_ids: [digest(layer)] },
    history: [{ created: EPOCH.toISOString(), created_by: 'busybox and a greeting' }],
  }),
)
const manifest = writeBlob(
  json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...packedLayer }],
  }),
)
writeFileSync(join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }))
writeFileSync(
  join(layout, 'index.json'),
  json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        ...manifest,
        annotations: {
          'org.opencontainers.image.ref.name': 'latest',
          'io.containerd.image.name': REFERENCE,
        },
      },
    ],
  }),
)
writeFileSync(join(root, 'build/default-image.tar'), archive(layout))

/** A static busybox, its applets as links, and the few files that programs look for. */
function makeTree(path) {
  for (const directory of [
    'bin',
    'etc',
    'home',
    'root',
    'tmp',
    'usr/bin',
    'usr/sbin',
    'sbin',
    'var/tmp',
  ]) {
    mkdirSync(join(path, directory), { recursive: true })
  }
  for (const directory of ['tmp', 'var/tmp']) chmodSync(join(path, directory), 0o1777)
  chmodSync(join(path, 'root'), 0o700)
  copyFileSync(busybox, join(path, 'bin/busybox'))
  chmodSync(join(path, 'bin/busybox'), 0o755)
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')
  for (const applet of applets) {
    if (applet !== 'busybox') symlinkSync('busybox', join(path, 'bin', applet))
  }
  symlinkSync('../../bin/env', join(path, 'usr/bin/env'))
  copyFileSync(join(import.meta.dirname, 'greeting'), join(path, 'bin/greeting'))
  chmodSync(join(path, 'bin/greeting'), 0o755)
  writeFileSync(
    join(path, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  )
  writeFileSync(join(path, 'etc/group'), 'root:x:0:\nnobody:x:65534:\n')
  for (const file of ['passwd', 'group']) chmodSync(join(path, 'etc', file), 0o644)
  return path
}

/** Sorted, owned by 0:0, all from the same instant. */
function archive(directory) {
  const sorted = readdirSync(directory, { recursive: true }).sort()
  const pack = create(
    {
      cwd: directory,
      sync: true,
      noDirRecurse: true,
      noPax: true, // no access and change times
      mtime: EPOCH,
      onWriteEntry: (entry) => {
        Object.assign(entry, { myuser: '' })
        Object.assign(entry.stat, { uid: 0, gid: 0, nlink: 1, atime: undefined, ctime: undefined })
      },
    },
    sorted,
  )
  return pack.read()
}

function writeBlob(bytes) {
  const name = digest(bytes)
  writeFileSync(join(layout, 'blobs/sha256', name.slice('sha256:'.length)), bytes)
  return { digest: name, size: bytes.length }
}

function digest(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function json(value) {
  return Buffer.from(JSON.stringify(value))
}

/** It runs inside an otherwise empty root: a dynamic one would not start. */
function findBusybox() {
  for (const path of [
    process.env.BUSYBOX,
    '/bin/busybox',
    '/usr/bin/busybox',
    '/bin/busybox.static',
  ]) {
    if (path && isStatic(path)) return path
  }
  console.error(
    'The default image is made from a static busybox: install the package busybox-static.',
  )
  process.exit(1)
}

/** Whether it is a 64-bit ELF program without an interpreter (program header type 3). */
function isStatic(path) {
  let bytes
  try {
    accessSync(path, constants.X_OK)
    bytes = readFileSync(path)
  } catch {
    return false
  }
  if (bytes.toString('latin1', 0, 5) !== '\x7fELF\x02') return false
  const offset = Number(bytes.readBigUInt64LE(0x20))
  const size = bytes.readUInt16LE(0x36)
  for (let index = 0; index < bytes.readUInt16LE(0x38); index++) {
    if (bytes.readUInt32LE(offset + index * size) === 3) return false
  }
  return true
}
