import { readFileSync } from 'node:fs'
import { findProgram } from './programs.ts'

/** The name that os-release gives the system, `Debian GNU/Linux 12 (bookworm)`. */
export function distributionName(): string {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      const name = /^PRETTY_NAME=(?:"([^"\n]*)"|(.*))$/m.exec(readFileSync(path, 'utf8'))
      if (name) return name[1] ?? name[2] ?? 'Linux'
    } catch {
      // The next place.
    }
  }
  return 'Linux'
}

/** What a package is called by each family of distributions. */
export interface PackageNames {
  apt: string
  dnf: string
  pacman: string
  apk: string
  zypper: string
}

const MANAGERS: readonly [keyof PackageNames, string, string][] = [
  ['apt', 'apt-get', 'apt-get install -y'],
  ['dnf', 'dnf', 'dnf install -y'],
  ['pacman', 'pacman', 'pacman -S --needed'],
  ['apk', 'apk', 'apk add'],
  ['zypper', 'zypper', 'zypper install -y'],
]

/** The command that installs a package here; a sentence where the package manager is not known. */
export function installCommand(names: PackageNames): string {
  for (const [key, program, install] of MANAGERS) {
    if (findProgram(program)) return asRoot(`${install} ${names[key]}`)
  }
  return `install the package that has ${names.apt}`
}

/** The same command for the user who reads it. */
export const asRoot = (command: string): string =>
  process.getuid?.() === 0 ? command : `sudo ${command}`
