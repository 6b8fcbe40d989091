import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MinutiaeTemplate, makeImpression, templateFrom } from '@kart/minutiae'
import { afterAll, describe, expect, test } from 'vitest'
import { blockSums } from './checksum.ts'
import { Gallery } from './gallery.ts'
import { blockStride, decodeHeader, headerBytes } from './gallery-format.ts'
import { identify } from './identify.ts'
import { recordBytes } from './packed.ts'
import { openPool } from './search-pool.ts'
import { kernelInstance } from './wasm-kernel.ts'
import { place } from './wasm-memory.ts'

const folder = mkdtempSync(join(tmpdir(), 'kart-gallery-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// A finger that never was.
function finger(seed: number): MinutiaeTemplate {
  const grid = templateFrom(
    Array.from({ length: 56 }, (_, i) => ({
      x: 240 * (i % 7),
      y: 240 * Math.floor(i / 7),
      angle: (i * 97) & 0xff,
      type: 1,
      quality: 40 + (i % 50),
    })),
  )
  const wild = { lost: 0.25, jitter: 80, angleJitterDegrees: 90, distortion: 100, rotationDegrees: 0, shift: [0, 0] as const, spurious: 0 }
  return makeImpression(grid, { seed, ...wild }).template
}
const again = (seed: number, by = 0) => makeImpression(finger(seed), { seed: seed + 77 + by, lost: 0.2, spurious: 0.15 }).template
const name = (k: number) => `person-${k}`

function filled(people: number, into = Gallery.create(16)): Gallery {
  for (let k = 0; k < people; k++) into.append(name(k), [{ template: finger(k) }])
  return into
}

describe('a gallery', () => {
  test('holds the same bytes in memory and in a file, and opens by its header alone', async () => {
    const path = join(folder, 'same.gallery')
    const file = filled(150, Gallery.createFile(path))
    file.close()
    const memory = filled(150)
    const bytes = readFileSync(path)
    expect(bytes.length).toBe(headerBytes + 3 * blockStride)
    for (let block = 0; block < 3; block++)
      expect(
        bytes
          .subarray(headerBytes + block * blockStride)
          .subarray(0, 64 * recordBytes)
          .equals(memory.readBlock(block)),
      ).toBe(true)
    const opened = Gallery.open(path)
    expect([opened.slots, opened.live, opened.blocks, opened.synthetic]).toEqual([150, 150, 3, false])
    expect(opened.entry(149)).toEqual({ person: name(149), position: 0, fingers: 1 })
    const found = await identify([{ fingers: [{ template: again(97) }] }], opened, { workers: 1 })
    const inMemory = await identify([{ fingers: [{ template: again(97) }] }], opened.load(), { workers: 1 })
    expect(found.results[0]!.candidates[0]!.person).toBe(name(97))
    expect(inMemory).toEqual(found)
    opened.close()
  })

  test('forgets who is removed, closes the gap when compacted, and goes on from there', () => {
    const gallery = filled(130)
    expect(gallery.remove(name(5))).toBe(1)
    expect(gallery.remove(name(5))).toBe(0)
    expect(gallery.remove(name(128))).toBe(1)
    expect([gallery.slots, gallery.live]).toEqual([130, 128])
    expect(gallery.entry(5)).toEqual({ person: '', position: 0, fingers: 0 })
    expect(
      gallery
        .readBlock(0)
        .subarray(5 * recordBytes, 6 * recordBytes)
        .every((byte) => byte === 0),
    ).toBe(true)
    gallery.compact()
    expect([gallery.slots, gallery.live, gallery.blocks]).toEqual([128, 128, 2])
    expect([4, 5, 126, 127].map((slot) => gallery.entry(slot).person)).toEqual([4, 6, 127, 129].map(name))
    expect(gallery.append('later', [{ template: finger(900) }])).toBe(128)
    expect(gallery.entry(128).person).toBe('later')
  })

  test('a file that is appended to, removed from and opened again holds what it should', () => {
    const path = join(folder, 'again.gallery')
    filled(70, Gallery.createFile(path)).close()
    const writable = Gallery.open(path, { writable: true })
    writable.append('new', [
      { template: finger(500), position: 3 },
      { template: finger(501), position: 8 },
    ])
    writable.remove(name(0))
    writable.close()
    const opened = Gallery.open(path)
    expect([opened.slots, opened.live]).toEqual([72, 71])
    expect(opened.entry(71)).toEqual({ person: 'new', position: 8, fingers: 2 })
    opened.close()
    expect(() => Gallery.createFile(path)).toThrow(expect.objectContaining({ code: 'EEXIST' }))
  })

  test('refuses names and positions that a record cannot hold', () => {
    const gallery = Gallery.create(1)
    for (const bad of ['', 'x'.repeat(25), 'ش'.repeat(13), 'a\0b'])
      expect(() => gallery.append(bad, [{ template: finger(1) }])).toThrow(expect.objectContaining({ code: 'input' }))
    expect(() => gallery.append('a', [{ template: finger(1), position: 11 }])).toThrow(expect.objectContaining({ code: 'input' }))
    expect(gallery.append('ش'.repeat(12), [{ template: finger(1) }])).toBe(0)
    expect(gallery.entry(0).person).toBe('ش'.repeat(12))
  })

  test.each([
    ['not a gallery', (b: Uint8Array) => b.fill(1, 0, 8), 'KARTGAL'],
    ['another version', (b: Uint8Array) => b.fill(9, 8, 9), 'version 9'],
    ['the version before code words', (b: Uint8Array) => b.fill(1, 8, 9), 'version 1, not 2: build the gallery again'],
    ['a changed count', (b: Uint8Array) => b.fill(1, 24, 25), 'damaged'],
    ['a missing block', (b: Uint8Array) => b.subarray(0, b.length - 1), 'are present'],
    ['half a header', (b: Uint8Array) => b.subarray(0, 100), 'shorter'],
  ])('%s is refused', (_, harm, said) => {
    const path = join(folder, 'harmed.gallery')
    filled(3, Gallery.createFile(path, { replace: true })).close()
    const bytes = new Uint8Array(readFileSync(path))
    writeFileSync(path, harm(bytes))
    expect(() => Gallery.open(path)).toThrow(said)
  })

  test('the kernel and the plain sums agree, and any flipped bit shows', () => {
    const kernel = kernelInstance()
    const bytes = new Uint8Array(kernel.memory.buffer)
    const block = filled(64).readBlockAnyway(0)
    bytes.set(block, place.block)
    expect(kernel.blockHolds()).toBe(1)
    expect(blockSums(block.subarray(0, 64 * recordBytes))).toEqual(block.subarray(64 * recordBytes))
    for (let k = 0; k < 200; k++) {
      const at = (k * 7919 * 13) % block.length
      bytes[place.block + at]! ^= 1 << (k & 7)
      expect(kernel.blockHolds()).toBe(0)
      bytes[place.block + at]! ^= 1 << (k & 7)
    }
  })

  test('a header says what was written', () => {
    const gallery = Gallery.create(1, { synthetic: true })
    expect(gallery.synthetic).toBe(true)
    expect(() => decodeHeader(new Uint8Array(headerBytes), headerBytes)).toThrow('KARTGAL')
  })
})

describe('identify', () => {
  const gallery = filled(300)
  const probes = [3, 77, 299].map((k) => ({ fingers: [{ template: again(k) }] }))

  test('finds each person first, the same with any kernel, number of workers and mode of storage', async () => {
    const one = await identify(probes, gallery, { workers: 1 })
    expect(one.results.map(({ candidates }) => candidates[0]?.person)).toEqual([3, 77, 299].map(name))
    expect([one.complete, one.searched, one.refused]).toEqual([true, 300, 0])
    expect(await identify(probes, gallery, { workers: 3 })).toEqual(one)
    const few = filled(70)
    for (const kernel of ['reference', 'typed-arrays'] as const) {
      const found = await identify(probes.slice(0, 1), few, { kernel })
      expect(found.results[0]!.candidates[0]!.person).toBe(name(3))
      expect(found).toEqual(await identify(probes.slice(0, 1), few, { workers: 1 }))
    }
  })

  test('more probes than one pass takes, and one after the other, come to the same', async () => {
    const many = Array.from({ length: 37 }, (_, k) => ({ fingers: [{ template: again(8 * k) }] }))
    const pool = openPool({ workers: 2 })
    const together = await identify(many, gallery, { pool, mode: 'cascade' })
    const [last] = (await identify([many[36]!], gallery, { pool, mode: 'cascade' })).results
    await pool.close()
    expect(together.results[36]).toEqual(last)
    expect(together.results.filter(({ candidates }, k) => candidates[0]?.person === name(8 * k)).length).toBe(37)
  })

  test('D08 a damaged block is refused, the answer says that it is not complete, and the rest is still found', async () => {
    const path = join(folder, 'rot.gallery')
    filled(300, Gallery.createFile(path, { replace: true })).close()
    const bytes = new Uint8Array(readFileSync(path))
    bytes[headerBytes + 1 * blockStride + 5000]! ^= 4
    writeFileSync(path, bytes)
    const damaged = Gallery.open(path)
    const found = await identify(probes, damaged, { workers: 2 })
    expect(found).toMatchObject({ complete: false, searched: 236, refused: 64, refusedBlocks: [1] })
    expect(found.results.map(({ candidates }) => candidates[0]?.person === undefined)).toEqual([false, true, false])
    for (const kernel of ['reference', 'typed-arrays'] as const)
      expect(await identify(probes.slice(1, 2), damaged, { kernel })).toEqual({ ...found, results: found.results.slice(1, 2) })
    expect(() => damaged.readBlock(1)).toThrow('block 1 is damaged')
    damaged.close()
  })

  test('a probe with too few minutiae is not searched, and says so', async () => {
    const none = templateFrom([{ x: 1, y: 1, angle: 0, type: 1, quality: 50 }])
    const { results } = await identify([{ fingers: [{ template: none }] }, probes[0]!], gallery, { workers: 1 })
    expect(results.map(({ status, candidates }) => [status, candidates.length > 0])).toEqual([
      ['too-few-minutiae', false],
      ['searched', true],
    ])
  })

  test('an empty gallery has nobody', async () => {
    const found = await identify(probes, Gallery.create(1), { workers: 1 })
    expect(found).toMatchObject({ complete: true, searched: 0, results: probes.map(() => ({ candidates: [] })) })
  })
})

describe('several fingers', () => {
  const gallery = Gallery.create(400)
  for (let k = 0; k < 60; k++)
    gallery.append(
      name(k),
      [1, 2, 6, 7].map((position) => ({ template: finger(1000 + 10 * k + position), position })),
    )
  const probe = (k: number, positions: readonly number[], as: readonly number[] = positions) => ({
    fingers: positions.map((position, n) => ({
      template: makeImpression(finger(1000 + 10 * k + position), { seed: k + n, lost: 0.35, spurious: 0.3 }).template,
      position: as[n]!,
    })),
  })

  test('together say more than each alone', async () => {
    const [alone, two] = (await identify([probe(20, [2]), probe(20, [2, 7])], gallery, { workers: 1 })).results
    expect([alone!.candidates[0]!.person, two!.candidates[0]!.person]).toEqual([name(20), name(20)])
    expect(two!.candidates[0]!.fingers.length).toBe(2)
    expect(two!.candidates[0]!.strength).toBeGreaterThan(alone!.candidates[0]!.strength)
    expect(two!.candidates[0]!.swapped).toBe(false)
  })

  test('a finger that is missing on either side costs nothing', async () => {
    const { results } = await identify([probe(31, [1, 6, 7, 2]), probe(31, [6])], gallery, { workers: 1 })
    for (const { candidates } of results) expect(candidates[0]!.person).toBe(name(31))
  })

  test('D04 left and right swapped are found, and said to be swapped', async () => {
    const [found] = (await identify([probe(44, [1, 6, 2, 7], [6, 1, 7, 2])], gallery, { workers: 1 })).results
    expect(found!.candidates[0]).toMatchObject({ person: name(44), swapped: true })
    expect(found!.candidates[0]!.fingers.length).toBe(4)
  })
})

describe('an integrator’s mistakes are said in plain words', () => {
  const probes = [{ fingers: [{ template: again(3) }] }]

  test('a pool that is closed does not let a search wait for ever', async () => {
    const pool = openPool({ workers: 1 })
    await pool.close()
    await expect(identify(probes, filled(3), { pool })).rejects.toThrow(/pool: is closed/)
  })

  test.each([0, -1, 1.5, Number.NaN])('%d workers', async (workers) => {
    await expect(identify(probes, filled(3), { workers })).rejects.toThrow(/workers: not a whole number/)
  })

  test('appending to a gallery that is open for reading', () => {
    const path = join(folder, 'reading.gallery')
    filled(2, Gallery.createFile(path)).close()
    const opened = Gallery.open(path)
    expect(() => opened.append('one-more', [{ template: finger(9) }])).toThrow(/open for reading only/)
    opened.close()
    expect(readFileSync(path).length).toBe(headerBytes + blockStride)
  })
})
