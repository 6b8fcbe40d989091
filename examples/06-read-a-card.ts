// Reads a card as a stranger would: what is printed on it opens it (PACE), then every file that is open comes as the bytes that the card gave.
import { readFileSync } from 'node:fs'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { buildImage, execute, initTestPki, parseEnrollmentRecord, softwareSigner } from '@kart/personalization'
import { buildEvidenceTree, renderFileTreeText } from '@kart/report'
import { readCard } from '@kart/verification'

// A card to read (05-personalize-a-card.ts tells of it).
const load = (name: string): Uint8Array => new Uint8Array(readFileSync(`test-vectors/specimen/${name}`))
const record = parseEnrollmentRecord(new TextDecoder().decode(load('record.json')), load)
const iccSerial = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial })
const image = buildImage(record, nationalId, { iccSerial })
await execute(card.transport(), image, { keys: testTransportKeys, signer: softwareSigner(initTestPki().documentSigner) })

const access = { documentNumber: 'S12345678', dateOfBirth: '910612', dateOfExpiry: '331003' } // as printed: number, YYMMDD, YYMMDD
const evidence = await readCard(card.transport(), { profile: nationalId, access })
console.log(renderFileTreeText(buildEvidenceTree(nationalId, evidence)))
console.log(`\nopened by ${evidence.access.protocol.toUpperCase()}: ${evidence.access.pace.variant}`)
console.log(`the chip signed our challenge with ${evidence.activeAuthentication?.signature?.length} bytes`)

// The card access number, which is printed on the card too, opens it as well.
const byNumber = await readCard(card.transport(), { profile: nationalId, access: { can: image.passwords.can ?? '' } })
console.log(`with the card access number: ${byNumber.access.outcome}`)

// With another birth date it stays shut, and nothing of the eMRTD application is read.
const shut = await readCard(card.transport(), { profile: nationalId, access: { ...access, dateOfBirth: '910613' } })
const files = shut.files.filter(({ application, bytes }) => application === 'emrtd' && bytes !== undefined)
console.log(`with another birth date: ${shut.access.outcome}, ${files.length} files of the eMRTD`)
card.close()
