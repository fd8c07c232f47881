import { isPrintable } from './quote.ts'

const HTML: Readonly<Record<string, string>> = {
  '\0': '\uFFFD',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}

/** For the text of an HTML page. */
export const escapeHtml = (text: string): string =>
  text.replace(/[\0"'&<>]/g, (character) => HTML[character] ?? '')

const JAVASCRIPT: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
}

/** For a string of JavaScript inside of an HTML page. */
export const escapeJavaScript = (text: string): string =>
  [...text]
    .map((character) => {
      const known = JAVASCRIPT[character]
      if (known) return known
      const code = character.codePointAt(0) ?? 0
      if (code >= 0x20 && (code < 0x7f || isPrintable(character))) return character
      return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
    })
    .join('')

/** For the query part of an address. */
export const escapeQuery = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
