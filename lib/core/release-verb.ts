/** The hidden command that the monitor of a container calls at its end, to unmount what plugins mounted for it. */
export const RELEASE_VERB = '__release'
/** Begins its flag, which comes before the ids: seconds for each answer. The monitor has not the environment of the start. */
export const TIME_LIMIT = '--time-limit='
