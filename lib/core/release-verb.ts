/** The hidden command that the monitor of a container calls at its end, to unmount what plugins mounted for it. */
export const RELEASE_VERB = '__release'
