// Builds the card image: every file of the card, coded. No card and no reader is needed.
import { readFileSync } from 'node:fs'
import { dg1Codec, dg11Codec, readMrz } from '@kart/layout'
import { nationalId } from '@kart/layout/profile'
import { buildImage, imageFile, parseEnrollmentRecord } from '@kart/personalization'

const load = (name: string): Uint8Array => new Uint8Array(readFileSync(`test-vectors/specimen/${name}`))
const record = parseEnrollmentRecord(new TextDecoder().decode(load('record.json')), load)

const image = buildImage(record, nationalId, { iccSerial: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) })
for (const { application, name, bytes } of image.files) console.log(`${application.padEnd(6)} ${name.padEnd(12)} ${bytes.length} bytes`)

// What a stranger will read from it: the machine-readable zone, and the Persian name in DG11.
const { mrz } = dg1Codec.decode(imageFile(image, 'EF.DG1')!.bytes)
console.log(`\n${mrz.match(/.{30}/g)?.join('\n')}`)
const { fields, problems } = readMrz(mrz)
console.log(`${fields.primaryIdentifier}, ${fields.secondaryIdentifier}; problems: ${problems.length}`)
const name = dg11Codec.decode(imageFile(image, 'EF.DG11')!.bytes).nameOfHolder
console.log(`${name?.givenNames} ${name?.familyName}`)
