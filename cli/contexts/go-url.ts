/** What Go's `url.Parse` says of an address, as far as Docker's client looks at that of an engine. */
export interface GoUrl {
  scheme: string
  /** As it was written, without `host`. */
  user: string | undefined
  /** Without the port. */
  hostname: string
  query: string
  fragment: string
}

/** What is wrong with an address, in Go's words and without the `parse "…": ` in front. */
export class BadUrl extends Error {}

/** Takes an address apart as Go does. Throws `BadUrl`. */
export function parseGoUrl(text: string): GoUrl {
  const [rest, fragment] = cut(text, '#')
  const url = parseRest(rest)
  checkEscapes(fragment)
  return { ...url, fragment }
}

function parseRest(text: string): Omit<GoUrl, 'fragment'> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\0-\x1f\x7f]/.test(text)) throw new BadUrl('net/url: invalid control character in URL')
  if (text.startsWith(':')) throw new BadUrl('missing protocol scheme')
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase() ?? ''
  const [rest, query] = cut(text.slice(scheme === '' ? 0 : scheme.length + 1), '?')
  const none = { scheme, user: undefined, hostname: '', query }
  if (!rest.startsWith('/')) {
    if (scheme === '' && cut(rest, '/')[0].includes(':')) {
      throw new BadUrl('first path segment in URL cannot contain colon')
    }
    if (scheme === '') checkEscapes(rest)
    return none
  }
  const isAuthority = rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))
  const authority = isAuthority ? cut(rest.slice(2), '/')[0] : ''
  const parts = parseAuthority(authority)
  checkEscapes(isAuthority ? rest.slice(2 + authority.length) : rest)
  return { scheme, query, ...parts }
}

function parseAuthority(authority: string): Pick<GoUrl, 'user' | 'hostname'> {
  const at = authority.lastIndexOf('@')
  const hostname = parseHost(authority.slice(at + 1))
  if (at < 0) return { user: undefined, hostname }
  const user = authority.slice(0, at)
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) throw new BadUrl('net/url: invalid userinfo')
  checkEscapes(user)
  return { user, hostname }
}

function parseHost(host: string): string {
  const close = host.startsWith('[') ? host.lastIndexOf(']') : undefined
  if (close === -1) throw new BadUrl("missing ']' in host")
  const colon = close === undefined ? host.lastIndexOf(':') : close + 1
  const port = colon < 0 ? '' : host.slice(colon)
  if (!/^(:\d*)?$/.test(port)) throw new BadUrl(`invalid port ${JSON.stringify(port)} after host`)
  const name = port === '' ? host : host.slice(0, -port.length)
  checkHostEscapes(name)
  return close === undefined ? name : name.slice(1, -1)
}

/** Of a host only what is not ASCII may be escaped, and the `%` of a zone. */
function checkHostEscapes(host: string): void {
  const zone = host.startsWith('[') ? host.indexOf('%25') : -1
  const plain = zone < 0 ? host : host.slice(0, zone)
  checkEscapes(plain)
  const escaped = /%[0-7][0-9a-f]/i.exec(plain.replaceAll('%25', ''))
  if (escaped) throw new BadUrl(`invalid URL escape ${JSON.stringify(escaped[0])}`)
  const wrong = /[ \\^`{|}/?#@]/.exec(host)
  if (wrong) throw new BadUrl(`invalid character ${JSON.stringify(wrong[0])} in host name`)
}

function checkEscapes(text: string): void {
  const wrong = /%(?![0-9a-f]{2}).{0,2}/is.exec(text)
  if (wrong) throw new BadUrl(`invalid URL escape ${JSON.stringify(wrong[0])}`)
}

function cut(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + mark.length)]
}
