// Takes in one enrollment record: everything is checked before anything is made from it, and a refusal names the field.
import { readFileSync } from 'node:fs'
import { InputError } from '@kart/codec'
import { readImageHeader } from '@kart/layout'
import { decodeTemplate } from '@kart/minutiae'
import { parseEnrollmentRecord } from '@kart/personalization'

const folder = 'test-vectors/specimen'
const load = (name: string): Uint8Array => new Uint8Array(readFileSync(`${folder}/${name}`))
const json = readFileSync(`${folder}/record.json`, 'utf8')

const record = parseEnrollmentRecord(json, load)
const { holder, document, fingers } = record
console.log(`${holder.persian.givenNames} ${holder.persian.familyName}, document ${document.number}, until ${document.dateOfExpiry}`)
const portrait = readImageHeader(record.portrait)
console.log(`portrait: ${portrait.format}, ${portrait.width} x ${portrait.height} pixels, ${record.portrait.length} bytes`)
for (const { position, template } of fingers) console.log(`finger ${position}: ${decodeTemplate(template).count} minutiae`)

// One digit of the national code mistyped: its check digit finds it.
try {
  parseEnrollmentRecord(json.replace(holder.nationalCode, '9990237574'), load)
} catch (error) {
  if (!(error instanceof InputError)) throw error
  console.log(`refused: ${error.message}`)
}
