import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where things are for this user. All absolute. */
export interface HostPaths {
  /** `$XDG_DATA_HOME/lighter`: everything that must survive. */
  data: string
  /** `$XDG_RUNTIME_DIR/lighter`: sockets and locks, may vanish at any time. */
  runtime: string
  /** `$DOCKER_CONFIG` or `~/.docker`. */
  dockerConfig: string
}
