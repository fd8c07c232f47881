/** What progress calls the work that no instruction says, in BuildKit's words. */
export const LABELS = {
  definition: (file: string) => `[internal] load build definition from ${file}`,
  metadata: (image: string) => `[internal] load metadata for ${image}`,
  ignore: '[internal] load .dockerignore',
  context: '[internal] load build context',
  transfer: (what: string) => `transferring ${what}:`,
  named: (name: string) => `[context ${name}] load from client`,
  namedImage: (name: string) => (full: string) => `[context ${name}] ${full}`,
} as const
