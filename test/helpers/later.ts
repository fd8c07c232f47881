/** Stands for what a hook makes: a file's tests have a name for it before it is there. */
export function later<Made extends object>(made: () => Made | undefined): Made {
  return new Proxy({} as Made, {
    get: (_, key) => {
      const object = made()
      if (!object) throw new Error(`${String(key)} is for tests and hooks: nothing is made yet`)
      return Reflect.get(object, key)
    },
  })
}
