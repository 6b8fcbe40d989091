// Writes what bench/learn-coarse.py learns from: node packages/matcher/bench/coarse-samples.mjs OUT FOLDER...
// records.bin: the packed templates; folders.i32: the folder of each; mated.i32: record, minutia, record, minutia of the pairs that the full comparison found
// between impressions of one finger (file names <finger>_<impression>.fmr).
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeTemplate } from '@kart/minutiae'
import { openKernel } from '../src/kernel.ts'
import { packTemplate, recordBytes, recordMinutiae } from '../src/packed.ts'
import { limits } from '../src/parameters.ts'
import type { Prepared } from '../src/prepare.ts'

// Pairs of clear matches only: strength above 2, far beyond strangers.
const clear = 2000

const [out, ...folders] = process.argv.slice(2)
if (out === undefined || folders.length === 0) throw new Error('usage: coarse-samples.mjs OUT FOLDER...')
mkdirSync(out, { recursive: true })
const kernel = openKernel('wasm')
const sides: { readonly folder: number; readonly finger: string; readonly prepared: Prepared }[] = []
for (const [folder, path] of folders.entries())
  for (const name of readdirSync(path).sort()) {
    const finger = /^(.+)_\d+\.fmr$/.exec(name)?.[1]
    if (finger === undefined) continue
    try {
      const prepared = kernel.prepare(decodeTemplate(new Uint8Array(readFileSync(join(path, name)))), recordMinutiae)
      if (prepared.count >= limits.fewest) sides.push({ folder, finger, prepared })
    } catch {
      console.error(`${path}/${name} cannot be read and is left out`)
    }
  }
const records = new Uint8Array(sides.length * recordBytes)
const mated: number[] = []
for (const [a, one] of sides.entries()) {
  packTemplate(one.prepared, records.subarray(a * recordBytes, (a + 1) * recordBytes))
  for (let b = a + 1; b < sides.length && sides[b]!.folder === one.folder && sides[b]!.finger === one.finger; b++) {
    const { strength, aligned } = kernel.compareFull(one.prepared, sides[b]!.prepared)
    if (aligned === undefined || strength <= clear) continue
    for (let k = 0; k < aligned.i.length; k++) mated.push(a, aligned.i[k]!, b, aligned.j[k]!)
  }
}
writeFileSync(join(out, 'records.bin'), records)
writeFileSync(join(out, 'folders.i32'), new Uint8Array(Int32Array.from(sides, ({ folder }) => folder).buffer))
writeFileSync(join(out, 'mated.i32'), new Uint8Array(Int32Array.from(mated).buffer))
console.log(`${sides.length} templates, ${mated.length / 4} mated minutiae`)
