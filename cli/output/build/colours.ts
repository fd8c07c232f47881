/** What a row is painted for. */
export type Mood = 'run' | 'cancel' | 'error' | 'warning'

const CODES: Readonly<Record<string, string>> = {
  black: '30',
  red: '31',
  green: '32',
  yellow: '33',
  blue: '34',
  magenta: '35',
  cyan: '36',
  white: '37',
  default: '39',
  'light-black': '90',
  'light-red': '91',
  'light-green': '92',
  'light-yellow': '93',
  'light-blue': '94',
  'light-magenta': '95',
  'light-cyan': '96',
  'light-white': '97',
}

const USUAL: Readonly<Record<Mood, string>> = {
  run: 'blue',
  cancel: 'yellow',
  warning: 'yellow',
  error: 'red',
}

/** Paints a text; none of it with NO_COLOR. BUILDKIT_COLORS says others, `run=green:error=255,0,0`. */
export function createPainter(
  environment: Readonly<Record<string, string | undefined>>,
): (text: string, mood: Mood) => string {
  if (environment.NO_COLOR) return (text) => text
  const wishes = Object.fromEntries(
    (environment.BUILDKIT_COLORS ?? '').split(':').map((wish) => wish.toLowerCase().split('=')),
  ) as Record<string, string | undefined>
  return (text, mood) => {
    const code = codeOf(wishes[mood]) ?? CODES[USUAL[mood]]
    return `\x1b[${code}m${text}\x1b[0m`
  }
}

function codeOf(wish: string | undefined): string | undefined {
  if (wish === undefined) return undefined
  if (Object.hasOwn(CODES, wish)) return CODES[wish]
  const parts = wish.split(',').map(Number)
  const isColour = parts.length === 3 && parts.every((part) => part >= 0 && part <= 255)
  return isColour ? `38;2;${parts.join(';')}` : undefined
}

/** Of less importance. */
export const faint = (text: string): string => `\x1b[2m${text}\x1b[0m`
