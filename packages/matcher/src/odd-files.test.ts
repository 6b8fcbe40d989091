import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InputError } from '@kart/codec'
import { encodeTemplate, syntheticTemplate } from '@kart/minutiae'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readImpressions } from './evaluation/folder.ts'
import { Gallery } from './gallery.ts'
import { addFolder } from './gallery-folder.ts'

// What lies in a folder under a template's name: reading must neither wait for ever, nor fill the memory, nor stop at it.
const folder = mkdtempSync(join(tmpdir(), 'kart-odd-files-'))
const at = (name: string) => join(folder, name)
const odd = ['2_1.fmr', '3_1.fmr', '4_1.fmr', '5_1.fmr']

beforeAll(() => {
  writeFileSync(at('1_1.fmr'), encodeTemplate(syntheticTemplate(1), 'iso-19794-2-2005'))
  mkdirSync(at('2_1.fmr'))
  execFileSync('mkfifo', [at('3_1.fmr')])
  writeFileSync(at('4_1.fmr'), 'FMR')
  truncateSync(at('4_1.fmr'), 3 * 2 ** 30)
  writeFileSync(at('5_1.fmr'), '')
  writeFileSync(at('6_1.FMR'), encodeTemplate(syntheticTemplate(2), 'incits-378-2004'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const problems = [/a folder/, /a pipe/, /larger than/, /no bytes/]

test('an evaluation counts them as failures to enrol, each with its reason', () => {
  const { impressions, failures } = readImpressions(folder)
  expect(impressions.map(({ file, template }) => [file, template !== undefined])).toEqual([
    ['1_1.fmr', true],
    ...odd.map((file) => [file, false]),
    ['6_1.FMR', true],
  ])
  expect(failures.map(({ file }) => file)).toEqual(odd)
  for (const [k, { problem }] of failures.entries()) expect(problem).toMatch(problems[k]!)
})

test('a gallery leaves them out, each with its reason', () => {
  const gallery = Gallery.create()
  const { records, refused } = addFolder(gallery, folder)
  expect(records).toBe(2)
  expect(refused.map(({ file }) => file)).toEqual(odd)
  for (const [k, { problem }] of refused.entries()) expect(problem).toMatch(problems[k]!)
})

test.each(['2_1.fmr', '3_1.fmr'])('%s is no gallery either, and opening it does not wait', (name) => {
  expect(() => Gallery.open(at(name))).toThrow(InputError)
  expect(() => Gallery.open(at(name), { writable: true })).toThrow(/not a file/)
})
