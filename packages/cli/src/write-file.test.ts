import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InputError } from '@kart/codec'
import { afterAll, describe, expect, it } from 'vitest'
import { checkFree, checkTarget, writeNew, writeOnce, writeOutput } from './write-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'kart-write-'))
const at = (name: string): string => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const hasModes = process.platform !== 'win32'

describe('writeOutput', () => {
  it('gives no content to those who could read the file that it replaces', () => {
    writeFileSync(at('report.html'), 'old')
    chmodSync(at('report.html'), 0o644)
    const before = statSync(at('report.html')).ino
    writeOutput(at('report.html'), 'new')
    expect(readFileSync(at('report.html'), 'utf8')).toBe('new')
    if (hasModes) {
      expect(statSync(at('report.html')).mode & 0o777).toBe(0o600)
      expect(statSync(at('report.html')).ino).not.toBe(before)
    }
  })

  it('replaces a link, and leaves what it leads to', () => {
    writeFileSync(at('elsewhere'), 'another’s')
    symlinkSync(at('elsewhere'), at('link.html'))
    writeOutput(at('link.html'), Uint8Array.of(1, 2))
    expect(readFileSync(at('elsewhere'), 'utf8')).toBe('another’s')
    expect(lstatSync(at('link.html')).isSymbolicLink()).toBe(false)
    expect([...readFileSync(at('link.html'))]).toEqual([1, 2])
  })

  it('replaces a link that leads nowhere', () => {
    symlinkSync(at('nowhere'), at('broken.html'))
    writeOutput(at('broken.html'), 'x')
    expect(existsSync(at('nowhere'))).toBe(false)
    expect(readFileSync(at('broken.html'), 'utf8')).toBe('x')
  })

  it('leaves nothing behind when it fails, and names the file by the name given', () => {
    const names = readdirSync(folder)
    expect(() => writeOutput(at('nosuch/x'), 'x')).toThrow(expect.objectContaining({ code: 'ENOENT', path: at('nosuch/x') }))
    expect(() => writeOutput(folder, 'x')).toThrow(expect.objectContaining({ path: folder }))
    expect(readdirSync(folder)).toEqual(names)
  })

  it('puts no file in the place of a device, named or linked to', () => {
    if (!existsSync('/dev/null')) return
    symlinkSync('/dev/null', at('to-null'))
    for (const path of ['/dev/null', at('to-null')]) {
      expect(() => writeOutput(path, 'x'), path).toThrow(InputError)
      expect(() => checkTarget('--report', path), path).toThrow(/--report: .*is a pipe or a device/)
    }
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  })
})

describe('writeOnce', () => {
  it('makes a file that its owner alone reads, and takes the place of nothing', () => {
    writeOnce(at('letter'), 'one')
    expect(readFileSync(at('letter'), 'utf8')).toBe('one')
    if (hasModes) expect(statSync(at('letter')).mode & 0o777).toBe(0o600)
    symlinkSync(at('nothing-there'), at('dangling'))
    for (const taken of ['letter', 'dangling'])
      expect(() => writeOnce(at(taken), 'two'), taken).toThrow(expect.objectContaining({ code: 'EEXIST', path: at(taken) }))
    expect(readFileSync(at('letter'), 'utf8')).toBe('one')
    expect(existsSync(at('nothing-there'))).toBe(false)
    expect(() => writeOnce(at('nosuch/letter'), 'x')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })
})

describe('writeNew', () => {
  it('writes, readable by its owner, and replaces nothing that came meanwhile', () => {
    checkFree('-o', at('first.p7s'))
    writeNew(at('first.p7s'), 'mine')
    if (hasModes) expect(statSync(at('first.p7s')).mode & 0o777).toBe(0o600)
    const names = readdirSync(folder)
    expect(() => writeNew(at('first.p7s'), 'another')).toThrow(expect.objectContaining({ code: 'EEXIST', path: at('first.p7s') }))
    expect(readFileSync(at('first.p7s'), 'utf8')).toBe('mine')
    expect(readdirSync(folder)).toEqual(names)
  })

  it('counts a link that leads nowhere as a file', () => {
    symlinkSync(at('gone'), at('dangling.p7s'))
    expect(() => checkFree('-o', at('dangling.p7s'))).toThrow(/is there already/)
    expect(() => writeNew(at('dangling.p7s'), 'x')).toThrow(expect.objectContaining({ code: 'EEXIST' }))
    expect(existsSync(at('gone'))).toBe(false)
  })
})
