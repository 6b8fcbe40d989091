import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concatBytes, uintToBytes } from '@kart/codec'
import { encode } from 'cborg'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBlankCard, testTransportKeys } from '../blank-card.ts'
import { EmulatedCard } from '../emulated-card.ts'
import { blankCard, files, iccSerial, openDomain, personalize, sendHex } from '../testing/terminal.ts'
import { decodeImage, encodeImage } from './card-image.ts'
import { CardMemoryError, inMemory } from './card-memory.ts'
import { fileMemory } from './memory-file.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kart-memory-'))
  path = join(folder, 'card')
})
afterEach(() => rmSync(folder, { recursive: true }))

const refusal = (message: RegExp) => expect.objectContaining({ code: 'card-memory', message: expect.stringMatching(message) })

describe('the memory file', () => {
  it('keeps the card from one program to the next, readable by its owner only', () => {
    const memory = fileMemory(path)
    const card = blankCard(memory)
    expect(openDomain(card).store(0x2f00, files.dir)).toBe('9000')
    card.close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['card'])
    const again = new EmulatedCard({ memory: fileMemory(path) })
    expect(sendHex(again, '00a4020c022f00')).toBe('9000')
    again.close()
  })

  it('lets one program open the card at a time', () => {
    const card = blankCard(fileMemory(path))
    expect(() => new EmulatedCard({ memory: fileMemory(path) })).toThrowError(refusal(/in use by process \d+: end that program/))
    card.close()
    new EmulatedCard({ memory: fileMemory(path) }).close()
  })

  it('takes over the lock of a program that died, of an earlier one with our number, and an unreadable one', () => {
    blankCard(fileMemory(path)).close()
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    for (const lock of [`${dead} ${Date.now()} x`, `${process.pid} 1000 x`, '', 'nonsense']) {
      writeFileSync(`${path}.lock`, lock)
      new EmulatedCard({ memory: fileMemory(path) }).close()
      expect(existsSync(`${path}.lock`)).toBe(false)
    }
  })

  it('writes nothing once another program has taken the lock', () => {
    const card = blankCard(fileMemory(path))
    const before = readFileSync(path)
    const terminal = openDomain(card)
    const after = readFileSync(path)
    expect(after).not.toEqual(before)
    writeFileSync(`${path}.lock`, '1 1 another')
    expect(terminal.store(0x2f00, files.dir)).toBe('6581')
    expect(readFileSync(path)).toEqual(after)
    card.close()
    expect(readFileSync(`${path}.lock`, 'utf8')).toBe('1 1 another')
  })

  it('cleans away what a dead program left half written', () => {
    blankCard(fileMemory(path)).close()
    writeFileSync(join(folder, '.card.4711.3.tmp'), 'half')
    writeFileSync(join(folder, '.other.4711.3.tmp'), 'not ours')
    new EmulatedCard({ memory: fileMemory(path) }).close()
    expect(readdirSync(folder).sort()).toEqual(['.other.4711.3.tmp', 'card'])
  })

  it('says what is wrong where nothing can be written', () => {
    expect(() => blankCard(fileMemory(join(folder, 'missing', 'card')))).toThrowError(
      refusal(/cannot be read: check that the folder exists/),
    )
    expect(() => new EmulatedCard({ memory: fileMemory(path) })).toThrowError(refusal(/holds no card/))
  })
})

describe('the image', () => {
  const memory = inMemory()
  personalize(blankCard(memory))
  const image = memory.load()!

  const resealed = (body: Uint8Array): Uint8Array => {
    const head = concatBytes(image.subarray(0, 10), uintToBytes(body.length, 4), body)
    return concatBytes(head, createHash('sha256').update(head).digest())
  }

  it('comes back as it was', () => {
    const state = decodeImage(image)
    expect(encodeImage(state)).toEqual(image)
    expect(state.files.get('emrtd')?.get(0x0101)).toEqual(files.dg1)
    expect(state.lifeCycle).toBe('INITIALIZED')
  })

  it('is refused at any flipped byte and at any length but its own', () => {
    for (let position = 0; position < image.length; position++) {
      const flipped = image.slice()
      flipped[position]! ^= 0x40
      expect(() => decodeImage(flipped)).toThrowError(CardMemoryError)
    }
    for (let length = 0; length < image.length; length += 7)
      expect(() => decodeImage(image.subarray(0, length))).toThrowError(CardMemoryError)
    expect(() => decodeImage(concatBytes(image, Uint8Array.of(0)))).toThrowError(
      refusal(/where \d+ are announced: restore the file from a copy/),
    )
  })

  it('says which of the ways it is wrong', () => {
    const other = image.slice()
    other[9] = 2
    expect(() => decodeImage(other)).toThrowError(refusal(/version 2, this program reads version 1/))
    expect(() => decodeImage(new Uint8Array(100))).toThrowError(refusal(/does not begin with KARTCARD/))
    const flipped = image.slice()
    flipped[200]! ^= 1
    expect(() => decodeImage(flipped)).toThrowError(refusal(/checksum is wrong/))
  })

  it('refuses any well-sealed body that no card writes, and never throws anything else', () => {
    const body = image.slice(14, -32)
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.nat(255), (position, value) => {
        const changed = body.slice()
        changed[position] = value
        try {
          expect(encodeImage(decodeImage(resealed(changed)))).toEqual(resealed(changed))
        } catch (error) {
          expect(error).toBeInstanceOf(CardMemoryError)
        }
      }),
      { numRuns: 500 },
    )
    for (const value of [null, 1, 'card', [], {}, { profile: 'national-id' }])
      expect(() => decodeImage(resealed(encode(value)))).toThrowError(CardMemoryError)
  })

  it('refuses fields of the wrong kind', () => {
    const state = decodeImage(image)
    for (const wrong of [
      { iccSerial: new Uint8Array(9) },
      { lifeCycle: 'toString' },
      { sequenceCounter: 0x1000000 },
      { failedAuthentications: -1 },
      { cplc: undefined },
      { keys: { ...testTransportKeys, version: 0x80 } },
      { keys: { ...testTransportKeys, mac: new Uint8Array(24) } },
      { bacKeys: { enc: new Uint8Array(16), mac: new Uint8Array(15) } },
      { aaKey: { curve: 'P-256', privateKey: new Uint8Array(3) } },
      { aaKey: { curve: 'P-521', privateKey: state.aaKey?.privateKey } },
      { aaKey: { curve: 'P-384', privateKey: state.aaKey?.privateKey } },
      { extra: 1 },
    ])
      expect(() => decodeImage(encodeImage({ ...state, ...wrong } as unknown as typeof state))).toThrowError(CardMemoryError)
  })
})

it('holds a card of its own in each memory', () => {
  const first = inMemory()
  createBlankCard({ memory: first, transportKeys: testTransportKeys, iccSerial })
  const second = inMemory(first.load()!)
  openDomain(new EmulatedCard({ memory: second }))
  expect(decodeImage(first.load()!).sequenceCounter).toBe(0)
  expect(decodeImage(second.load()!).sequenceCounter).toBe(1)
})
