/** Strangers' words for a terminal: one line, without what would steer it. */
export const printable = (text: string): string =>
  text
    .replace(/[\r\n\t]/g, ' ')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is to go
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, '')
