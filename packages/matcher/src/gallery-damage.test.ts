import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CardError } from '@kart/codec'
import { syntheticImpression } from '@kart/minutiae'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { blockSums } from './checksum.ts'
import { Gallery } from './gallery.ts'
import { blockBytes, blockStride, encodeHeader, headerBytes } from './gallery-format.ts'
import { type IdentifyResult, identify, searchModes } from './identify.ts'
import { openKernel } from './kernel.ts'
import { recordBytes } from './packed.ts'
import { modes } from './parameters.ts'
import { openPool } from './search-pool.ts'
import { lowestStrength } from './strength.ts'
import { addSyntheticPeople, syntheticFinger } from './synthetic-gallery.ts'

const folder = mkdtempSync(join(tmpdir(), 'kart-damage-'))
const path = join(folder, 'a.gallery')
const pools = [openPool({ workers: 1, kernel: 'wasm' }), openPool({ kernel: 'typed-arrays' })]
afterAll(async () => {
  for (const pool of pools) await pool.close()
  rmSync(folder, { recursive: true, force: true })
})

const people = 150
const gallery = Gallery.createFile(path, { synthetic: true })
addSyntheticPeople(gallery, { people })
gallery.close()
const good = new Uint8Array(readFileSync(path))
const blocks = 3
// one of each block
const probes = [5, 70, 140].map((k) => ({ fingers: [{ template: syntheticImpression(syntheticFinger(k, 0), k).template }] }))

// Opens and searches what is in the file, on every pool; undefined where it is refused with an error of ours.
async function search(bytes: Uint8Array, mode: (typeof searchModes)[number] = 'exhaustive'): Promise<IdentifyResult | undefined> {
  writeFileSync(path, bytes)
  let opened: Gallery
  try {
    opened = Gallery.open(path)
  } catch (error) {
    if (!(error instanceof CardError)) throw error
    return undefined
  }
  try {
    const [found, ...others] = await Promise.all(pools.map((pool) => identify(probes, opened, { pool, mode })))
    expect(found!.refusedBlocks).toEqual(opened.damagedBlocks())
    expect(found!.complete).toBe(found!.refusedBlocks.length === 0)
    expect(found!.searched + found!.refused).toBe(opened.slots)
    for (const other of others) expect({ ...other, results: [] }).toEqual({ ...found, results: [] })
    for (const { candidates } of found!.results) for (const { score } of candidates) expect(score).toBeLessThanOrEqual(100)
    return found
  } finally {
    opened.close()
  }
}

const whole = (await search(good))!
const firstOf = (found: IdentifyResult) => found.results.map(({ candidates }) => candidates[0])

test('each is found in the gallery that is whole', () => {
  expect(whole).toMatchObject({ complete: true, searched: people })
  expect(new Set(firstOf(whole).map((candidate) => candidate?.person)).size).toBe(3)
})

describe('any damage is refused, or said, and what is whole is still found', () => {
  test('bytes changed anywhere behind the header', async () => {
    const change = fc.tuple(fc.integer({ min: headerBytes, max: good.length - 1 }), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), fc.constantFrom(...searchModes), async (changes, mode) => {
        const bytes = good.slice()
        for (const [at, by] of changes) bytes[at]! ^= by
        // one place may be hit twice
        const hit = new Set(
          [...bytes.keys()].filter((at) => bytes[at] !== good[at]).map((at) => Math.floor((at - headerBytes) / blockStride)),
        )
        const found = (await search(bytes, mode))!
        expect(found.refusedBlocks).toEqual([...hit].sort())
        if (mode === 'exhaustive')
          for (let block = 0; block < blocks; block++)
            expect(firstOf(found)[block]).toEqual(
              hit.has(block) ? expect.toSatisfy((c) => c?.person !== firstOf(whole)[block]!.person) : firstOf(whole)[block],
            )
      }),
      { numRuns: 30 },
    )
  })

  test('bytes changed in the header', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(47), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const bytes = good.slice()
        bytes[at]! ^= by
        expect(await search(bytes)).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })

  test('a file cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), async (length) => {
        expect(await search(good.subarray(0, length))).toBeUndefined()
      }),
      { numRuns: 40 },
    )
  })

  test('counts of any size under a header whose sum holds', async () => {
    const counts = fc.oneof(fc.nat(400), fc.maxSafeNat(), fc.constantFrom(0, 64, 192, 193, 2 ** 32, Number.MAX_SAFE_INTEGER))
    await fc.assert(
      fc.asyncProperty(counts, counts, async (slots, live) => {
        const bytes = good.slice()
        bytes.set(encodeHeader({ slots, live, synthetic: true }))
        const found = await search(bytes)
        // all blocks that such a count needs are there, and whole
        if (live <= slots && slots <= 64 * blocks) expect(found).toMatchObject({ complete: true, searched: slots })
        else expect(found).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })

  test('a count that reaches into bytes that were never written', async () => {
    const bytes = new Uint8Array(headerBytes + 5 * blockStride)
    bytes.set(good)
    bytes.set(encodeHeader({ slots: 300, live: people, synthetic: true }))
    expect(await search(bytes)).toMatchObject({ complete: false, refusedBlocks: [3, 4], searched: 192, refused: 108 })
  })

  test('a file that is cut after it was opened', async () => {
    writeFileSync(path, good)
    const opened = Gallery.open(path)
    truncateSync(path, headerBytes + blockStride + 1000)
    for (const pool of pools)
      expect(await identify(probes, opened, { pool })).toMatchObject({ complete: false, refusedBlocks: [1, 2], refused: 86 })
    expect(() => opened.entry(149)).toThrow(CardError)
    expect(() => opened.load()).toThrow(CardError)
    opened.close()
  })

  test('a file that is gone after it was opened', async () => {
    writeFileSync(path, good)
    const opened = Gallery.open(path)
    rmSync(path)
    await expect(identify(probes, opened, { pool: pools[0]! })).rejects.toThrow(CardError)
    opened.close()
  })
})

describe('records of any content under sums that hold', () => {
  const content = fc.record({
    block: fc.nat(blocks - 1),
    places: fc.array(fc.tuple(fc.nat(blockBytes - 1), fc.uint8Array({ minLength: 1, maxLength: 200 })), { minLength: 1, maxLength: 30 }),
    // counts of minutiae that no record has, fingers that nobody has
    counts: fc.array(fc.tuple(fc.nat(63), fc.constantFrom(32, 34, 60), fc.nat(255)), { maxLength: 20 }),
  })

  test('are searched to an end, and every kernel gives numbers', async () => {
    await fc.assert(
      fc.asyncProperty(content, fc.constantFrom(...searchModes), async ({ block, places, counts }, mode) => {
        const bytes = good.slice()
        const from = headerBytes + block * blockStride
        const records = bytes.subarray(from, from + blockBytes)
        for (const [at, what] of places) records.set(what.subarray(0, blockBytes - at), at)
        for (const [record, field, value] of counts) records[record * recordBytes + field] = value
        bytes.set(blockSums(records.slice()), from + blockBytes)
        expect(await search(bytes, mode)).toMatchObject({ complete: true, searched: people })
      }),
      { numRuns: 40 },
    )
  })

  test('as probes and as candidates end in bounded strengths on every kernel', () => {
    const kernels = (['wasm', 'typed-arrays', 'reference'] as const).map((name) => openKernel(name))
    const noise = fc.uint8Array({ minLength: recordBytes, maxLength: recordBytes })
    let passed = 0
    fc.assert(
      fc.property(fc.array(noise, { minLength: 1, maxLength: 3 }), fc.constantFrom(...Object.values(modes)), (records, look) => {
        const block = new Uint8Array(64 * recordBytes)
        for (const [k, record] of records.entries()) block.set(record, k * recordBytes)
        for (const kernel of kernels) {
          kernel.loadProbes(records, look)
          const strengths = kernel.compareBlock(block, records.length)
          for (const strength of strengths) expect(Math.abs(strength)).toBeLessThanOrEqual(1 << 20)
          if (strengths[0]! > lowestStrength) passed++
        }
      }),
      { numRuns: 60 },
    )
    // a record against itself passes the gates more often than not, whatever it holds
    expect(passed).toBeGreaterThan(30)
  })
})
