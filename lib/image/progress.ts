export type LayerStatus =
  | 'Pulling fs layer'
  | 'Waiting'
  | 'Downloading'
  | 'Retrying'
  | 'Verifying Checksum'
  | 'Download complete'
  | 'Extracting'
  | 'Loading layer'
  | 'Pull complete'
  | 'Already exists'

/** What a pull tells those who watch. */
export type PullEvent =
  | { type: 'start'; tag: string; repository: string }
  | { type: 'layer'; id: string; status: LayerStatus; current?: number; total?: number }
  | { type: 'digest'; digest: string }
  | { type: 'status'; reference: string; fresh: boolean }

export type OnProgress = (event: PullEvent) => void
