import { describe, expect, test } from 'vitest'
import { findProxy, isExcepted } from '../../../lib/registry/proxy.ts'

const place = new URL('https://registry.example.com/')

describe('which proxy', () => {
  test.each<[Record<string, string>, string | undefined]>([
    [{}, undefined],
    [{ HTTPS_PROXY: 'proxy:3128' }, 'http://proxy:3128/'],
    [{ https_proxy: 'https://u:p@proxy', HTTPS_PROXY: 'http://other' }, 'https://u:p@proxy/'],
    [{ HTTP_PROXY: 'http://proxy' }, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTPS_PROXY: 'socks5://proxy:1080' }, 'socks5://proxy:1080'],
    [{ HTTPS_PROXY: 'http://proxy', NO_PROXY: 'example.com' }, undefined],
  ])('%j: %s', (environment, proxy) => {
    expect(findProxy(environment, place)?.href).toBe(proxy)
  })

  test.each(['ftp://proxy', 'http://', '::'])('%s is none', (text) => {
    expect(() => findProxy({ HTTPS_PROXY: text }, place)).toThrow(
      'the value of https_proxy is not the address of a proxy',
    )
  })
})

describe('NO_PROXY, as Go reads it', () => {
  test.each<[string, string, boolean]>([
    ['', 'https://a.example.com', false],
    ['*', 'https://a.example.com', true],
    ['example.com', 'https://example.com', true],
    ['example.com', 'https://a.b.Example.com', true],
    ['example.com', 'https://notexample.com', false],
    ['.example.com', 'https://example.com', false],
    ['.example.com', 'https://a.example.com', true],
    ['*.example.com', 'https://a.example.com', true],
    ['*.example.com', 'https://example.com', false],
    ['x, EXAMPLE.com ,y', 'https://example.com', true],
    ['example.com:443', 'https://example.com', true],
    ['example.com:5000', 'https://example.com', false],
    ['example.com:5000', 'https://example.com:5000', true],
    ['example.com:80', 'http://example.com', true],
    ['10.1.2.3', 'https://10.1.2.3', true],
    ['10.1.2.3:5000', 'https://10.1.2.3:5000', true],
    ['10.1.2.3:5000', 'https://10.1.2.3', false],
    ['2.3', 'https://10.1.2.3', false],
    ['10.0.0.0/8', 'https://10.1.2.3:5000', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.0.0.0/99', 'https://10.1.2.3', false],
    ['10.0.0.0/', 'https://10.1.2.3', false],
    ['10.0.0.0/8', 'https://example.com', false],
    ['fd00::/8', 'https://[fd00::1]:5000', true],
    ['fd00::1', 'https://[fd00::1]', true],
    ['[fd00::1]:5000', 'https://[fd00::1]:5000', true],
    ['[fd00::1]:5000', 'https://[fd00::1]', false],
  ])('%j and %s: %s', (list, url, excepted) => {
    expect(isExcepted(list, new URL(url))).toBe(excepted)
  })
})
