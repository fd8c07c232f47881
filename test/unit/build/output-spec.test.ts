import { describe, expect, test } from 'vitest'
import { OutputAttributes } from '../../../lib/build/export/attributes.ts'
import { checkOutputs } from '../../../lib/build/export/export.ts'
import { parseOutputs } from '../../../lib/build/export/output-spec.ts'
import type { BuildOptions } from '../../../lib/build/options.ts'

describe('an output', () => {
  test.each([
    ['out', { type: 'local', destination: 'out', attributes: {} }],
    ['foo=bar', { type: 'local', destination: 'foo=bar', attributes: {} }],
    ['-', { type: 'tar', destination: '-', attributes: {} }],
    ['type=local,dest=out', { type: 'local', destination: 'out', attributes: {} }],
    [
      'type=image,PUSH=true',
      { type: 'image', destination: undefined, attributes: { push: 'true' } },
    ],
    [
      'type=image,"name=a,b"',
      { type: 'image', destination: undefined, attributes: { name: 'a,b' } },
    ],
    ['type=oci,dest=a,dest=b', { type: 'oci', destination: 'b', attributes: {} }],
    ['type=cacheonly', { type: 'cacheonly', destination: undefined, attributes: {} }],
  ])('%s', (text, spec) => {
    expect(parseOutputs([text])).toEqual([spec])
  })

  test.each([
    ['', 'EOF'],
    ['a,b', 'invalid value a'],
    ['dest=a,tar=b', 'type is required for output'],
    ['type=bogus', 'exporter "bogus" could not be found'],
    ['type=constructor', 'exporter "constructor" could not be found'],
    ['type=oci,"', 'parse error on line 1, column 11: extraneous or missing " in quoted-field'],
  ])('%j is none', (text, message) => {
    expect(() => parseOutputs([text])).toThrow(message)
  })
})

describe('attributes', () => {
  const read = (text: string): OutputAttributes => {
    const [spec] = parseOutputs([text])
    if (!spec) throw new Error('no output')
    return new OutputAttributes(spec)
  }

  test('that are unknown are refused', () => {
    expect(() => read('type=oci,bogus=1')).toThrow('unknown attribute "bogus" of the output oci')
    expect(() => read('type=local,compression=gzip')).toThrow('unknown attribute "compression"')
  })

  test('say how layers are wrapped', () => {
    const usual = { compression: 'gzip', level: undefined, force: false }
    expect(read('type=oci').layers('gzip')).toEqual(usual)
    expect(
      read('type=oci,compression=zstd,compression-level=12,force-compression=true').layers('gzip'),
    ).toEqual({ compression: 'zstd', level: 12, force: true })
  })

  test.each([
    ['compression=lzma', 'unsupported compression type lzma'],
    ['compression=any', 'unsupported compression type any'],
    [
      'compression-level=abc',
      'non-integer value abc specified for compression-level: strconv.ParseInt: parsing "abc": invalid syntax',
    ],
    ['compression-level=30', 'gzip: invalid compression level: 30'],
    [
      'force-compression=x',
      'non-bool value specified for force-compression: strconv.ParseBool: parsing "x": invalid syntax',
    ],
  ])('%s is refused', (text, message) => {
    expect(() => read(`type=oci,${text}`).layers('gzip')).toThrow(message)
  })

  test('name images, and annotate them', () => {
    expect(read('type=image,"name=a/b:1,127.0.0.1:5000/c"').names).toEqual([
      'docker.io/a/b:1',
      '127.0.0.1:5000/c:latest',
    ])
    expect(() => read('type=image,name=UPPER').names).toThrow('failed to parse UPPER: invalid')
    const { annotations } = read(
      'type=oci,annotation.a=b,annotation-index.c=d,annotation-manifest-descriptor[linux/arm64].e.f=g',
    )
    expect(annotations).toMatchObject([
      { type: '', key: 'a', value: 'b', platform: undefined },
      { type: 'index', key: 'c', value: 'd' },
      {
        type: 'manifest-descriptor',
        key: 'e.f',
        value: 'g',
        platform: { os: 'linux', architecture: 'arm64' },
      },
    ])
  })
})

describe('before a build', () => {
  const options = (more: Partial<BuildOptions>): BuildOptions => ({
    ...({ context: '.', file: undefined, contexts: {}, target: undefined } as BuildOptions),
    ...{ tags: [], annotations: [], attests: [], environment: {}, outputs: [], ...more },
  })
  const outputs = (...texts: string[]) => ({ outputs: parseOutputs(texts) })

  test('nothing is said against what is usual', () => {
    expect(() => checkOutputs(options({}), 1)).not.toThrow()
    expect(() =>
      checkOutputs(options({ tags: ['a'], ...outputs('type=registry') }), 2),
    ).not.toThrow()
  })

  test.each<[string, Partial<BuildOptions>, number, string]>([
    ['a push without a name', outputs('type=image,push=true'), 1, 'tag is needed when pushing'],
    ['platforms in the store', {}, 2, 'several platforms cannot be kept'],
    ['platforms for docker load', outputs('type=docker,dest=x.tar'), 2, 'use the oci exporter'],
    ['no directory', outputs('type=local'), 1, 'dest is required for local exporter'],
    [
      'a provenance in the store',
      { attests: [{ type: 'provenance', disabled: false, attributes: {} }] },
      1,
      'attestations cannot be kept',
    ],
    [
      'a mode that is none',
      { attests: [{ type: 'provenance', disabled: false, attributes: { mode: 'x' } }] },
      1,
      'invalid mode "x"',
    ],
    [
      'a bill of materials',
      { attests: [{ type: 'sbom', disabled: false, attributes: { generator: 'a/b' } }] },
      1,
      'a/b speaks to BuildKit alone',
    ],
    [
      'a tag for a push by digest',
      { tags: ['a:1'], ...outputs('type=image,push=true,push-by-digest=true') },
      1,
      "can't push tagged ref docker.io/library/a:1 by digest",
    ],
  ])('%s is refused', (_name, more, platforms, message) => {
    expect(() => checkOutputs(options(more), platforms)).toThrow(message)
  })
})
