import { syntheticImpression } from '@kart/minutiae'
import { afterEach, expect, test, vi } from 'vitest'
import { createMatcher } from './comparer.ts'
import { fastestKernelName, kernelNames, openKernel } from './kernel.ts'
import { syntheticFinger } from './synthetic-gallery.ts'

const finger = syntheticFinger(3, 0)
const again = syntheticImpression(finger, 3).template

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

test('each kernel is forced by its name', () => {
  for (const name of kernelNames) expect(openKernel(name).name).toBe(name)
  const results = kernelNames.map((name) => {
    const matcher = createMatcher(name)
    return matcher.compare(matcher.prepare(finger), matcher.prepare(again))
  })
  for (const result of results) expect(result).toEqual(results[0])
  expect(results[0]!.score).toBeGreaterThan(40)
})

test('WebAssembly comes first', () => {
  expect(fastestKernelName()).toBe('wasm')
})

test.each([
  ['no WebAssembly', undefined],
  [
    'WebAssembly without 128-bit vectors',
    {
      Module: class {
        constructor() {
          throw new Error('invalid opcode')
        }
      },
    },
  ],
])('where there is %s, everything works on typed arrays, and wasm says that it cannot', async (_, stub) => {
  const expected = createMatcher('wasm')
  const score = expected.compare(expected.prepare(finger), expected.prepare(again))
  vi.stubGlobal('WebAssembly', stub)
  vi.resetModules()
  const kernels = await import('./kernel.ts')
  expect(kernels.fastestKernelName()).toBe('typed-arrays')
  expect(kernels.fastestKernel().name).toBe('typed-arrays')
  const { compare, prepare } = await import('./comparer.ts')
  expect(compare(prepare(finger), prepare(again))).toEqual(score)
  const { Gallery } = await import('./gallery.ts')
  const { identify } = await import('./identify.ts')
  const gallery = Gallery.create(1)
  gallery.append('someone', [{ template: finger }])
  const found = await identify([{ fingers: [{ template: again }] }], gallery, { workers: 2 })
  expect(found).toMatchObject({ complete: true, searched: 1, results: [{ candidates: [{ person: 'someone' }] }] })
  expect(() => kernels.openKernel('wasm')).toThrow(expect.objectContaining({ code: 'input' }))
})
