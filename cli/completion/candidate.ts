export interface Candidate {
  text: string
  description?: string
}

export interface Completion {
  candidates: Candidate[]
  /** Whether names of files would do as well. */
  files: boolean
}
