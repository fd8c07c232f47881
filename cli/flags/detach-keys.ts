import { BareRefusal, DAEMON } from '../report.ts'

const KEY = /^(.|ctrl-[a-z@[\\\]^_])$/s

/**
 * Throws for a list of keys of which one is none. The words are those of Docker's daemon; where they answer its client's wish for a
 * connection, that client shows `unable to upgrade to tcp, received 400` in their place.
 */
export function checkDetachKeys(keys: string, called: 'detach' | 'escape'): void {
  if (keys.split(',').every((key) => KEY.test(key))) return
  throw new BareRefusal([`${DAEMON}Invalid ${called} keys (${keys}) provided`])
}
