/** A MAC address of six, eight or twenty bytes. */
export const isMac = (text: string): boolean =>
  /^([0-9a-f]{2}([:-])[0-9a-f]{2}(\2[0-9a-f]{2}){4}(\2[0-9a-f]{2}){0,2})$/i.test(text)

/** Whether an interface can have it: the kernel refuses addresses of groups, and none at all. */
export const isInterfaceMac = (mac: string): boolean =>
  Number.parseInt(mac.slice(0, 2), 16) % 2 === 0 && /[1-9a-f]/i.test(mac)
