import { expect, test } from 'vitest'
import { cutText } from '../../../../cli/output/ellipsis.ts'

test.each([
  ['', 5, ''],
  ['abcde', 5, 'abcde'],
  ['abcdef', 5, 'abcd…'],
  ['ééééé', 5, 'ééééé'],
  ['éééééé', 5, 'éééé…'],
  // Letters of East Asia take two columns: half of one is never shown.
  ['世界', 4, '世界'],
  ['世界世', 5, '世界…'],
  ['a世界世', 5, 'a世…'],
  ['한국어', 5, '한국…'],
  ['😀😀😀', 5, '😀😀…'],
  ['𝐱𝐱𝐱𝐱𝐱𝐱', 5, '𝐱𝐱𝐱𝐱…'],
])('%s in %d columns', (text, most, expected) => {
  expect(cutText(text, most)).toBe(expected)
})
