import { describe, expect, it } from 'vitest'
import { Cursor } from './cursor.ts'
import { DecodeError } from './errors.ts'

const nine = Uint8Array.of(0xff, 0x01, 0x02, 0xfe, 0xdc, 0xba, 0x98, 0x07, 0x08)

describe('Cursor', () => {
  it('reads from front to back, big-endian and unsigned', () => {
    const cursor = new Cursor(nine, 'record')
    expect(cursor.u8()).toBe(0xff)
    expect(cursor.u16()).toBe(0x0102)
    expect(cursor.u32()).toBe(0xfedcba98)
    expect(cursor.offset).toBe(7)
    expect(cursor.remaining).toBe(2)
    expect(cursor.rest()).toEqual(Uint8Array.of(7, 8))
    expect(() => cursor.end()).not.toThrow()
  })

  it('copies what it gives out', () => {
    const source = nine.slice()
    const copy = new Cursor(source, 'record').bytes(2)
    source[0] = 0
    expect(copy).toEqual(Uint8Array.of(0xff, 0x01))
  })

  it.each([
    ['u8', (cursor: Cursor) => cursor.u8('kind')],
    ['u16', (cursor: Cursor) => cursor.u16('kind')],
    ['u32', (cursor: Cursor) => cursor.u32('kind')],
    ['bytes', (cursor: Cursor) => cursor.bytes(2, 'kind')],
    ['skip', (cursor: Cursor) => cursor.skip(2, 'kind')],
  ])('%s past the end says what, where and which field', (_name, read) => {
    const cursor = new Cursor(nine, 'record', 100)
    cursor.skip(9)
    expect(() => read(cursor)).toThrow(DecodeError)
    expect(() => read(cursor)).toThrow(/^record at byte 109: kind/)
  })

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses a length of %d', (length) => {
    expect(() => new Cursor(nine, 'record').bytes(length)).toThrow(DecodeError)
    expect(() => new Cursor(nine, 'record').skip(length)).toThrow(DecodeError)
  })

  it('refuses bytes left over', () => {
    const cursor = new Cursor(nine, 'record')
    cursor.skip(8)
    expect(() => cursor.end()).toThrow('record at byte 8: 1 bytes left over')
  })
})
