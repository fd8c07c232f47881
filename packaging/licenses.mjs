// Writes build/licenses.br: the licenses of all that the executable contains, for `lighter system licenses`.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'

const root = join(import.meta.dirname, '..')

/** Debian's packages whose libraries the native program is linked with, and the one in the default image. */
const DEBIAN = {
  'libc6-dev': 'the GNU C library, in the native program',
  'libarchive-dev': 'libarchive, in the native program',
  'libseccomp-dev': 'libseccomp, in the native program',
  'libjansson-dev': 'Jansson, in the native program',
  'nettle-dev': 'Nettle, in the native program',
  'libzstd-dev': 'Zstandard, in the native program',
  'zlib1g-dev': 'zlib, in the native program',
  'busybox-static': 'BusyBox, in the image lighter/hello',
}

const sections = [
  ['lighter', readFileSync(join(root, 'LICENSE'), 'utf8')],
  ['Node.js', readFileSync(join(root, `node_modules/node-linux-${process.arch}/LICENSE`), 'utf8')],
  ...npmPackages(),
  ...Object.entries(DEBIAN).map(([name, what]) => [what, debianCopyright(name)]),
]
const rule = '='.repeat(100)
const text = sections.map(([title, words]) => `${rule}\n${title}\n${rule}\n\n${words.trim()}\n`)
writeFileSync(join(root, 'build/licenses.br'), brotliCompressSync(text.join('\n')))

function npmPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path, { version, license }]) => [
      `${path.split('node_modules/').at(-1)} ${version} (${license})`,
      licenseIn(join(root, path)),
    ])
}

function licenseIn(directory) {
  const names = readdirSync(directory).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
  if (names.length > 0)
    return names.map((name) => readFileSync(join(directory, name), 'utf8')).join('\n')
  const { license, author, repository } = JSON.parse(
    readFileSync(join(directory, 'package.json'), 'utf8'),
  )
  return `${license}\n${JSON.stringify({ author, repository }, null, 2)}`
}

/** Other systems keep these texts elsewhere; whoever builds there is told which ones are missing. */
function debianCopyright(name) {
  const path = `/usr/share/doc/${name}/copyright`
  return existsSync(path)
    ? readFileSync(path, 'utf8')
    : `The text is that of the package ${name}, which the machine of the build did not have.`
}
