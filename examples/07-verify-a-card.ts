// Verifies a card: signatures, chain, hashes, the chip's own keys, identity, finger. Then a forged one.
import { readFileSync } from 'node:fs'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { decodeTemplate, makeImpression } from '@kart/minutiae'
import { buildImage, execute, initTestCvc, initTestPki, parseEnrollmentRecord, signerOf, softwareSigner } from '@kart/personalization'
import { defaultPolicy, judge, readCard, runChecks, trustStore } from '@kart/verification'

// A card to verify (05-personalize-a-card.ts tells of it).
const load = (name: string): Uint8Array => new Uint8Array(readFileSync(`test-vectors/specimen/${name}`))
const record = parseEnrollmentRecord(new TextDecoder().decode(load('record.json')), load)
const iccSerial = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial })
const [pki, cvc] = [initTestPki(), await initTestCvc()]
const image = buildImage(record, nationalId, { iccSerial, cvcaCertificate: cvc.cvca.certificate.raw })
await execute(card.transport(), image, { keys: testTransportKeys, signer: softwareSigner(pki.documentSigner) })

// Fingerprints open to a terminal that the card's CVCA lets read them.
const certificates = [cvc.documentVerifier.certificate]
const terminal = { certificates, certificate: cvc.terminal.certificate, signer: signerOf(cvc.terminal) }
const evidence = await readCard(card.transport(), { profile: nationalId, access: image.access, terminal })
const context = {
  profile: nationalId,
  trust: trustStore([pki.csca.certificate]),
  policy: defaultPolicy(new Date()),
  probe: makeImpression(decodeTemplate(load('finger-enrolled.fmr')), { seed: 7 }).template, // in a real run: the live scan
}
const report = judge(await runChecks(evidence, context))
for (const { id, outcome, detail } of report.checks) console.log(`${outcome.padEnd(7)}  ${id.padEnd(22)} ${detail}`)
console.log(`${report.verdict}: ${report.summary}`)

// One bit of the portrait changed, as a forger would change more.
const files = evidence.files.map((file) =>
  file.name === 'EF.DG2' ? { ...file, bytes: file.bytes?.with(5000, file.bytes[5000]! ^ 1) } : file,
)
const forged = judge(await runChecks({ ...evidence, files }, context))
console.log(`with another portrait: ${forged.verdict}: ${forged.summary}`)
card.close()
