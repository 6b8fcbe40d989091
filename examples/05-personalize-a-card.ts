// Personalizes a card: SCP03, every file, the card's own keys, PACE passwords, signatures, everything read back, SECURED.
import { readFileSync } from 'node:fs'
import { openChannel } from '@kart/apdu/host'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { buildImage, execute, initTestCvc, initTestPki, parseEnrollmentRecord, readChipSerial, softwareSigner } from '@kart/personalization'

const load = (name: string): Uint8Array => new Uint8Array(readFileSync(`test-vectors/specimen/${name}`))
const record = parseEnrollmentRecord(new TextDecoder().decode(load('record.json')), load)
const iccSerial = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial }) // or a PcscCard in a reader

const transport = card.transport()
const cvcaCertificate = (await initTestCvc()).cvca.certificate.raw // whose terminals may read the fingerprints
const image = buildImage(record, nationalId, { iccSerial: await readChipSerial(openChannel(transport), nationalId), cvcaCertificate })
const signer = softwareSigner(initTestPki().documentSigner)
const report = await execute(transport, image, { keys: testTransportKeys, signer })

for (const { name, apdus, bytes } of report.steps) console.log(`${name.padEnd(18)} ${String(apdus).padStart(3)} APDUs ${bytes} bytes`)
console.log(`${report.lifeCycle}: ${report.files.length} files, ${report.payload} bytes, ${report.apdus} APDUs`)
console.log(`ways in that were tried: ${report.proved.join(', ')}`)
console.log(`for the printer: card access number ${report.forPrinter.can}`)

// It is over for good: the same again is refused.
await execute(card.transport(), image, { keys: testTransportKeys, signer }).catch((error: Error) => console.log(`again: ${error.message}`))
card.close()
