import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseReference } from '../../../lib/oci/reference.ts'
import { findPolicyFile } from '../../../lib/trust/policy-file.ts'
import { registryOrigin } from '../../../lib/trust/scopes.ts'
import { findSignaturePlace } from '../../../lib/trust/signature-places.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'lighter-places-'))
  mkdirSync(join(home, 'containers/registries.d'), { recursive: true })
  mkdirSync(join(home, 'lighter'))
})
afterEach(() => rmSync(home, { recursive: true }))

const config = () => join(home, 'lighter/config.json')
const write = (name: string, text: string) => writeFileSync(join(home, name), text)
const section = (name: string, text: string) => write(`containers/registries.d/${name}`, text)
const find = async (text: string) => {
  const found = await findSignaturePlace(config(), registryOrigin(parseReference(text)))
  return [found.lookaside.href, found.attachments]
}

test('the closest section that says something of it counts', async () => {
  section(
    'a.yaml',
    `default-docker: { lookaside: https://all.test/s }
docker:
  a.test: { sigstore: http://old.test, use-sigstore-attachments: true }
  a.test/b: { lookaside: file:///b, sigstore: http://old.test, lookaside-staging: file:///c }
  a.test/b/c: { use-sigstore-attachments: false, unheard: of }
`,
  )
  section('b.yaml', 'docker: { "a.test/b/d:1": { lookaside: file:///d } }\n')
  section('c.conf', 'no: file of these\n: [')
  expect(await find('x.test/y:1')).toEqual(['https://all.test/s', false])
  expect(await find('a.test/y:1')).toEqual(['http://old.test/', true])
  expect(await find('a.test/b/x:1')).toEqual(['file:///b', true])
  expect(await find('a.test/b/c:1')).toEqual(['file:///b', false])
  expect(await find('a.test/b/d:1')).toEqual(['file:///d', true])
})

test('without a section it is where tools that sign put them', async () => {
  section('a.yaml', '# nothing\n')
  expect((await find('a.test/b:1'))[0]).toMatch(/^file:\/\/\/.*\/containers\/sigstore$/)
})

test.each([
  ['docker: { a.test: { lookaside: "ftp://x" } }', 'is no place for signatures'],
  ['docker: { a.test: { lookaside: "file://host/x" } }', 'is no place for signatures'],
  ['docker: { a.test: { lookaside: [] } }', '"lookaside" is no text'],
  ['docker: { a.test: { use-sigstore-attachments: "yes" } }', 'neither true nor false'],
  ['docker: []', '"docker" is no mapping'],
  ['- a', 'it is no mapping'],
  ['docker: {', 'a.yaml: '],
])('%s is refused', async (text, words) => {
  section('a.yaml', text)
  await expect(find('a.test/b:1')).rejects.toThrow(words)
})

test('two sections of one scope are refused', async () => {
  section('a.yaml', 'docker: { a.test: {} }')
  section('b.yaml', 'docker: { a.test: {} }')
  await expect(find('a.test/b:1')).rejects.toThrow('"a.test" is said twice')
})

test("the policy is lighter's own, else that of the user's containers", () => {
  const text = '{"default":[{"type":"reject"}]}'
  write('containers/policy.json', text)
  expect(findPolicyFile(config())).toEqual({ path: join(home, 'containers/policy.json'), text })
  write('lighter/policy.json', ' {"default": [\n{"type":"insecureAcceptAnything"}] }\n')
  expect(findPolicyFile(config())).toBeUndefined()
  write('lighter/policy.json', '{"default":[{"type":"insecureAcceptAnything"},{"type":"reject"}]}')
  expect(findPolicyFile(config())?.path).toBe(join(home, 'lighter/policy.json'))
  write('lighter/policy.json', ' '.repeat(1024 * 1024 + 1))
  expect(() => findPolicyFile(config())).toThrow('is larger than')
})
