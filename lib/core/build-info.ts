/** Set by packaging/bundle.mjs in the packed program; absent in development. */
declare const LIGHTER_BUILD: { version: string; commit: string; date: string } | undefined

export const build =
  typeof LIGHTER_BUILD === 'undefined'
    ? { version: '0.0.0-dev', commit: 'unknown', date: '' }
    : LIGHTER_BUILD

/**
 * The release of the Docker command line whose behaviour this one has. Tools read it from `--version` and decide by it,
 * so it is not our own number: that one stands in `version` and `info`.
 */
export const compatible = {
  version: '26.1.5',
  api: '1.51',
  minApi: '1.24',
  buildx: '0.15.1',
  buildkit: 'v0.15.1',
}

export const versionLine = `Docker version ${compatible.version}, build ${build.commit}`
