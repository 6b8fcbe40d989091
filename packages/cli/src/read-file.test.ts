import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DecodeError, InputError, LimitError } from '@kart/codec'
import { afterAll, describe, expect, it } from 'vitest'
import { readRecord } from './issuing.ts'
import { readInput, readWithin, usingInput } from './read-file.ts'
import { specimenFile } from './specimen.ts'

const folder = mkdtempSync(join(tmpdir(), 'kart-read-'))
const at = (name: string): string => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A pipe that nobody writes to; Windows has none in its file system. */
function pipe(name: string): string {
  execFileSync('mkfifo', [at(name)])
  return at(name)
}
const hasPipes = process.platform !== 'win32'

describe('readInput', () => {
  it('takes files only: no folder, no pipe that it would wait at for ever, no device', () => {
    expect(() => readInput(folder)).toThrow(/this is a folder/)
    if (!hasPipes) return
    expect(() => readInput(pipe('pipe'))).toThrow(/pipe: this is a pipe or a device/)
    expect(() => readInput('/dev/zero')).toThrow(/pipe or a device/)
  })

  it('reads through a link, and files that say that they are empty', () => {
    writeFileSync(at('file'), 'text')
    symlinkSync(at('file'), at('link'))
    expect(new TextDecoder().decode(readInput(at('link')))).toBe('text')
    if (existsSync('/proc/self/status')) expect(readInput('/proc/self/status').length).toBeGreaterThan(0)
  })
})

describe('readWithin', () => {
  it('stays in the folder, by whatever links', () => {
    mkdirSync(at('inner/deep'), { recursive: true })
    writeFileSync(at('outside.jpg'), 'secret')
    writeFileSync(at('inner/deep/a.jpg'), 'a')
    writeFileSync(at('inner/..odd.jpg'), 'odd')
    symlinkSync('../outside.jpg', at('inner/out.jpg'))
    symlinkSync('..', at('inner/up'))
    symlinkSync('deep/a.jpg', at('inner/in.jpg'))
    symlinkSync('inner', at('same'))
    for (const name of ['out.jpg', 'up/outside.jpg'])
      expect(() => readWithin(at('inner'), name), name).toThrow(/leads out of the record’s folder/)
    for (const name of ['deep/a.jpg', 'in.jpg'])
      for (const from of ['inner', 'same']) expect(new TextDecoder().decode(readWithin(at(from), name))).toBe('a')
    expect(new TextDecoder().decode(readWithin(at('inner'), '..odd.jpg'))).toBe('odd')
  })
})

describe('readRecord', () => {
  /** The specimen's record with another portrait file, in a folder of its own. */
  function record(name: string, put: (portrait: string) => void): string {
    mkdirSync(at(name))
    for (const file of ['record.json', 'signature.jpg', 'finger-enrolled.fmr']) copyFileSync(specimenFile(file), at(`${name}/${file}`))
    put(at(`${name}/portrait.jpg`))
    return at(`${name}/record.json`)
  }

  it('takes the specimen, and refuses a pipe and a link that leads out in the words of the field', () => {
    expect(readRecord(record('good', (portrait) => copyFileSync(specimenFile('portrait.jpg'), portrait))).portrait.length).toBeGreaterThan(
      100,
    )
    const linked = record('linked', (portrait) => symlinkSync(specimenFile('portrait.jpg'), portrait))
    expect(() => readRecord(linked)).toThrow(/^portrait\.file: leads out of the record’s folder$/)
    if (!hasPipes) return
    const piped = record('piped', (portrait) => execFileSync('mkfifo', [portrait]))
    expect(() => readRecord(piped)).toThrow(/^portrait\.file: this is a pipe or a device/)
  })

  it('is bad input also where a bound of the reader of JSON is reached', () => {
    writeFileSync(at('deep.json'), `${'['.repeat(100)}${']'.repeat(100)}`)
    expect(() => readRecord(at('deep.json'))).toThrow(InputError)
    expect(readFileSync(at('deep.json')).length).toBe(200)
  })
})

describe('usingInput', () => {
  it('makes bad input of what the user’s bytes did, and leaves every other error', () => {
    for (const error of [new DecodeError('EF.X', 'cut off'), new LimitError('bytes', 1)])
      expect(() =>
        usingInput('a.fmr', () => {
          throw error
        }),
      ).toThrow(expect.objectContaining({ code: 'input', field: 'a.fmr', cause: error }))
    for (const error of [new InputError('x', 'y'), new TypeError('z')])
      expect(() =>
        usingInput('a.fmr', () => {
          throw error
        }),
      ).toThrow(error)
  })
})
