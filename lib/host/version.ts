import { release } from 'node:os'
import { build, compatible } from '../core/build-info.ts'

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** This machine's in Go's words. */
export const architecture = (): string => ARCHITECTURES[process.arch] ?? process.arch

/** What really runs. */
export const platformName = `lighter ${build.version}`

/** What both blocks of `version` have. There is no Go in it: its version is empty. */
export const versionMembers = () => ({
  GitCommit: build.commit,
  GoVersion: '',
  Os: 'linux',
  Arch: architecture(),
})

/** The document of `GET /version`: the members of Docker's in their order. The platform and the components name what really runs. */
export function engineVersion() {
  const component = (Name: string, Version: string, GitCommit: string) => ({
    Name,
    Version,
    Details: { GitCommit },
  })
  const common = versionMembers()
  return {
    Platform: { Name: platformName },
    Components: [
      {
        Name: 'Engine',
        Version: compatible.version,
        Details: {
          ApiVersion: compatible.api,
          Arch: common.Arch,
          BuildTime: build.date,
          Experimental: 'false',
          GitCommit: common.GitCommit,
          GoVersion: common.GoVersion,
          KernelVersion: release(),
          MinAPIVersion: compatible.minApi,
          Os: common.Os,
        },
      },
      component('lighter', build.version, build.commit),
      component('lighter-native', build.version, build.commit),
      component('node', process.versions.node, ''),
    ],
    Version: compatible.version,
    ApiVersion: compatible.api,
    MinAPIVersion: compatible.minApi,
    ...common,
    KernelVersion: release(),
    BuildTime: build.date,
  }
}
