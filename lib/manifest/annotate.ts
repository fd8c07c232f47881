import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import type { PlatformDocument } from '../oci/descriptor.ts'
import { parseName } from './name.ts'
import { readMember, saveMembers } from './store.ts'

/** What is to be said of a member; what is empty stays as it is. */
export interface Annotation {
  os: string
  architecture: string
  variant: string
  osVersion: string
  osFeatures: readonly string[]
}

/** The platforms that Docker's client takes: what Go can be built for, and s390x. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  darwin: '386 amd64 arm arm64',
  dragonfly: 'amd64',
  freebsd: '386 amd64 arm',
  linux: '386 amd64 arm arm64 ppc64le mips64 mips64le riscv64 s390x',
  netbsd: '386 amd64 arm',
  openbsd: '386 amd64 arm',
  plan9: '386 amd64',
  solaris: 'amd64',
  windows: '386 amd64',
}

/** Says something else of a member's platform than its image does. Throws `registry-not-found`, `bad-input`, `bad-reference`. */
export function annotateMember(
  engine: Engine,
  listName: string,
  memberName: string,
  annotation: Annotation,
): void {
  const list = parseName(listName, 'annotate: error parsing name for manifest list')
  const name = parseName(memberName, 'annotate: error parsing name for manifest')
  const { data } = engine.paths
  const member = readMember(data, list, name)
  const platform = member && annotated(member.descriptor.platform, annotation)
  if (platform && !isKnown(platform)) {
    throw new LighterError(
      'bad-input',
      `manifest entry for image has unsupported os/arch combination: ${annotation.os}/${annotation.architecture}`,
    )
  }
  const isSaved =
    platform &&
    saveMembers(data, list, [{ ...member, descriptor: { ...member.descriptor, platform } }])
  if (isSaved) return
  throw new LighterError(
    'registry-not-found',
    `manifest for image ${memberName} does not exist in ${listName}`,
  )
}

function annotated(
  platform: PlatformDocument,
  { os, architecture, variant, osVersion, osFeatures }: Annotation,
): PlatformDocument {
  const version = osVersion || platform['os.version']
  const features = [...new Set([...(platform['os.features'] ?? []), ...osFeatures])]
  const level = variant || platform.variant
  return {
    architecture: architecture || platform.architecture,
    os: os || platform.os,
    ...(version ? { 'os.version': version } : {}),
    ...(features.length > 0 ? { 'os.features': features } : {}),
    ...(level ? { variant: level } : {}),
  }
}

const isKnown = ({ os, architecture }: PlatformDocument): boolean =>
  Object.hasOwn(ARCHITECTURES, os) && (ARCHITECTURES[os] ?? '').split(' ').includes(architecture)
