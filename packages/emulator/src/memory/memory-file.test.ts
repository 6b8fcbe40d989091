import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as nodeFs from 'node:fs'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concatBytes, uintToBytes } from '@kart/codec'
import { decode, encode, rfc8949EncodeOptions } from 'cborg'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBlankCard, testTransportKeys } from '../blank-card.ts'
import { EmulatedCard } from '../emulated-card.ts'
import { blankCard, files, iccSerial, openDomain, personalize, sendHex } from '../testing/terminal.ts'
import { decodeImage, encodeImage } from './card-image.ts'
import { CardMemoryError, inMemory } from './card-memory.ts'
import { fileMemory, type MemoryFileSystem } from './memory-file.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'kart-memory-')))
  path = join(folder, 'card')
})
afterEach(() => rmSync(folder, { recursive: true }))

const exactly = (text: string) => new RegExp(text.replace(/[^\w]/g, '\\$&'))
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

  it('leaves alone what another card of a longer name is writing', () => {
    const kept = ['.card.two.4711.3.tmp', '.card.2.4711.3.tmp', '.card.x.tmp', '.card.4711.tmp', '.card.4711.3.tmp.tmp', '.card.a.3.tmp']
    for (const name of kept) writeFileSync(join(folder, name), 'not ours')
    writeFileSync(join(folder, '.card.4711.3.tmp'), 'half')
    blankCard(fileMemory(path)).close()
    expect(readdirSync(folder).sort()).toEqual([...kept, 'card'].sort())
    // And so one card can be opened in the middle of another's write.
    const other = createBlankCard({
      memory: fileMemory(join(folder, 'card.two'), {
        fs: {
          ...nodeFs,
          renameSync: (from, to) => {
            new EmulatedCard({ memory: fileMemory(path) }).close()
            nodeFs.renameSync(from, to)
          },
        },
      }),
      transportKeys: testTransportKeys,
      iccSerial,
    })
    other.close()
  })

  it('is one card by whatever link it is opened, and stays where it is', () => {
    mkdirSync(join(folder, 'real'))
    symlinkSync('real', join(folder, 'way'))
    const real = join(folder, 'real', 'card')
    const link = join(folder, 'link')
    symlinkSync(real, link)
    blankCard(fileMemory(real)).close()
    for (const [first, second] of [
      [real, link],
      [link, real],
      [link, join(folder, 'way', 'card')],
      [join(folder, 'way', 'card'), real],
    ] as const) {
      const card = new EmulatedCard({ memory: fileMemory(first) })
      expect(() => new EmulatedCard({ memory: fileMemory(second) })).toThrowError(refusal(exactly(`${second} is in use by process`)))
      openDomain(card) // writes
      card.close()
    }
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(decodeImage(new Uint8Array(readFileSync(real))).keySets[0]?.sequence).toBe(4)
    expect([readdirSync(folder).sort(), readdirSync(join(folder, 'real'))]).toEqual([['link', 'real', 'way'], ['card']])
  })

  it('is one new card by whatever way to its folder', () => {
    mkdirSync(join(folder, 'real'))
    symlinkSync('real', join(folder, 'way'))
    const card = blankCard(fileMemory(join(folder, 'way', 'card')))
    expect(() => new EmulatedCard({ memory: fileMemory(join(folder, 'real', 'card')) })).toThrowError(refusal(/in use by process/))
    card.close()
  })

  it('refuses, with its whole path and what it is, whatever is no plain file, and reads none of it', () => {
    const inside = join(folder, 'inside')
    mkdirSync(inside)
    const pipe = join(folder, 'pipe')
    const withPipe = process.platform !== 'win32' && spawnSync('mkfifo', [pipe]).status === 0
    const large = join(folder, 'large')
    writeFileSync(large, '')
    truncateSync(large, 16 * 1024 * 1024 + 1)
    for (const [given, words] of [
      [inside, 'is a folder'],
      ...(withPipe ? ([[pipe, 'is a pipe']] as const) : []),
      ...(existsSync('/dev/zero') ? ([['/dev/zero', 'is a device']] as const) : []),
      [large, 'has 16777217 bytes'],
    ] as const) {
      const touched = () => {
        throw new Error(`${given} was read, or a lock made beside it`)
      }
      const fs: MemoryFileSystem = { ...nodeFs, readFileSync: touched, openSync: touched }
      expect(() => fileMemory(given, { fs }).load()).toThrowError(refusal(exactly(`card memory file ${given} ${words}`)))
      expect(() => fileMemory(given, { fs }).store(new Uint8Array(1))).toThrowError(refusal(exactly(`card memory file ${given} ${words}`)))
    }
  })

  it('refuses a lock that is no plain file', () => {
    blankCard(fileMemory(path)).close()
    mkdirSync(`${path}.lock`)
    expect(() => fileMemory(path).load()).toThrowError(refusal(exactly(`${path}.lock is a folder`)))
  })

  it('says what is wrong where nothing can be written', () => {
    const missing = join(folder, 'missing', 'card')
    expect(() => blankCard(fileMemory(missing))).toThrowError(refusal(exactly(`${missing}: there is no folder ${join(folder, 'missing')}`)))
    writeFileSync(join(folder, 'plain'), '')
    const below = join(folder, 'plain', 'card')
    expect(() => blankCard(fileMemory(below))).toThrowError(refusal(exactly(`${join(folder, 'plain')} is not a folder`)))
    expect(readdirSync(folder)).toEqual(['plain'])
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
    other[9] = 1
    expect(() => decodeImage(other)).toThrowError(refusal(/version 1, this program reads version 3/))
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

  it('is deterministic CBOR, whatever of it was coded before', () => {
    const state = decodeImage(image)
    const body = image.slice(14, -32)
    const whole = decode(body, { useMaps: true })
    expect(encode(whole, rfc8949EncodeOptions)).toEqual(body)
    const stepped = encodeImage({ ...state, iin: Uint8Array.of(7) })
    expect(decodeImage(stepped)).toEqual({ ...state, iin: Uint8Array.of(7) })
    expect(encodeImage(decodeImage(stepped))).toEqual(stepped)
  })

  it('refuses fields of the wrong kind', () => {
    const state = decodeImage(image)
    for (const wrong of [
      { iccSerial: new Uint8Array(9) },
      { lifeCycle: 'toString' },
      { keySets: [{ ...state.keySets[0], sequence: 0x1000000 }] },
      { keySets: [{ ...state.keySets[0], failures: -1 }] },
      { keySets: [{ ...state.keySets[0], transport: 1 }] },
      { keySets: [state.keySets[0], state.keySets[0]] },
      { keySets: undefined },
      { cplc: undefined },
      { keySets: [{ ...state.keySets[0], version: 0x80 }] },
      { keySets: [{ ...state.keySets[0], mac: new Uint8Array(24) }] },
      { bacKeys: { enc: new Uint8Array(16), mac: new Uint8Array(15) } },
      { aaKey: { curve: 'P-256', privateKey: new Uint8Array(3) } },
      { aaKey: { modulusBits: 2048, privateKey: state.aaKey?.privateKey } },
      { trust: { trustPoints: [new Uint8Array(3)], date: undefined } },
      { trust: { trustPoints: [], date: new Uint8Array(6) } },
      { aaKey: { curve: 'P-521', privateKey: state.aaKey?.privateKey } },
      { aaKey: { curve: 'P-384', privateKey: state.aaKey?.privateKey } },
      { pacePasswords: new Map([['pun', { secret: new Uint8Array(6), tries: undefined, failures: 0 }]]) },
      { pacePasswords: new Map([['pin', { secret: new Uint8Array(6), tries: { left: 4, most: 3 }, failures: 0 }]]) },
      { pacePasswords: new Map([['can', { secret: '123456', tries: undefined, failures: 0 }]]) },
      { pacePasswords: new Map([['can', { secret: new Uint8Array(6), tries: undefined, failures: 65536 }]]) },
      { chipKeys: [{ keyId: 128, parameterId: 12, privateKey: new Uint8Array(32).fill(1) }] },
      { chipKeys: [{ keyId: 1, parameterId: 3, privateKey: new Uint8Array(32).fill(1) }] },
      { chipKeys: [{ keyId: 1, parameterId: 12, privateKey: new Uint8Array(31).fill(1) }] },
      { chipKeys: [{ keyId: 1, parameterId: 12, privateKey: new Uint8Array(32) }] },
      { chipKeys: [{ keyId: 1, parameterId: 12, privateKey: new Uint8Array(32).fill(0xff) }] },
      { trust: { trustPoints: [], date: new Uint8Array(5) } },
      { signature: { ...state.signature, changes: 65536 } },
      { signature: { ...state.signature, activated: 1 } },
      { fingers: { ...state.fingers, informationTemplates: 'none' } },
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
  expect(decodeImage(first.load()!).keySets[0]?.sequence).toBe(0)
  expect(decodeImage(second.load()!).keySets[0]?.sequence).toBe(1)
})
