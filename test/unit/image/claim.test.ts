import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Claim, isClaimHeld, newClaim, tryClaim } from '../../../lib/image/claim.ts'

let directory: string
let root: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lighter-claim-'))
  root = join(directory, 'x.owner')
})
afterEach(() => rmSync(directory, { recursive: true }))

const dead = (nonce: string): Claim => ({ ...newClaim(), startTime: '1', nonce: nonce.repeat(16) })
const release = (paths: string[] | undefined) => {
  for (const path of paths ?? []) rmSync(path)
}

test('one at a time', () => {
  const held = tryClaim(root, newClaim())
  expect(held).toEqual([root])
  expect(tryClaim(root, newClaim())).toBeUndefined()
  release(held)
  expect(tryClaim(root, newClaim())).toEqual([root])
})

test('the claim of a dead process has one heir, and so has the heir', () => {
  writeFileSync(root, JSON.stringify(dead('a')))
  writeFileSync(`${root}.${'a'.repeat(16)}`, JSON.stringify(dead('b')))
  const held = tryClaim(root, newClaim())
  expect(held).toHaveLength(3)
  expect(tryClaim(root, newClaim())).toBeUndefined()
  release(held)
  expect(readdirSync(directory)).toEqual([])
})

test('a claim without content is inherited', () => {
  writeFileSync(root, '')
  expect(tryClaim(root, newClaim())).toHaveLength(2)
  expect(tryClaim(root, newClaim())).toBeUndefined()
})

test('what an heir of a released claim left does not hold anybody up', () => {
  writeFileSync(`${root}.${'a'.repeat(16)}`, JSON.stringify(newClaim()))
  expect(tryClaim(root, newClaim())).toEqual([root])
})

test('a claim is held as long as its last heir lives', () => {
  expect(isClaimHeld(root)).toBe(false)
  writeFileSync(root, JSON.stringify(dead('a')))
  expect(isClaimHeld(root)).toBe(false)
  release(tryClaim(root, newClaim()))
  writeFileSync(root, JSON.stringify(dead('a')))
  const held = tryClaim(root, newClaim())
  expect(held).toHaveLength(2)
  // The heir's file was not looked at, and its work taken for a dead one's.
  expect(isClaimHeld(root)).toBe(true)
  release(held)
  expect(isClaimHeld(root)).toBe(false)
})
