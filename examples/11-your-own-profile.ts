// Another country's card is another table: fewer files, another state, another key. The same functions write, enforce, read and verify it.
// What the table cannot change yet: enrollment records are Iran's (national code, Persian names).
import { readFileSync } from 'node:fs'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { type CardProfile, nationalId } from '@kart/layout/profile'
import { buildImage, execute, initTestPki, parseEnrollmentRecord, softwareSigner } from '@kart/personalization'
import { buildEvidenceTree, renderFileTreeText } from '@kart/report'
import { defaultPolicy, judge, readCard, runChecks, trustStore } from '@kart/verification'

const left = ['EF.DG7', 'EF.DG13'] // no signature, no national details
const utopia: CardProfile = {
  ...nationalId,
  name: 'utopia',
  title: 'Card of Utopia',
  issuingState: 'UTO',
  personalNumber: 'unchecked',
  activeAuthentication: { algorithm: 'ecdsa', curve: 'P-384', hash: 'sha384' },
  bac: false, // PACE alone opens it
  ldsHash: 'sha384',
  applications: nationalId.applications.map((one) => ({ ...one, files: one.files.filter(({ name }) => !left.includes(name)) })),
}

const load = (name: string): Uint8Array => new Uint8Array(readFileSync(`test-vectors/specimen/${name}`))
const json = new TextDecoder().decode(load('record.json')).replaceAll('"IRN"', '"UTO"')
const record = parseEnrollmentRecord(json, load)
const iccSerial = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
const card = createBlankCard({ memory: inMemory(), profile: utopia, transportKeys: testTransportKeys, iccSerial })
const pki = initTestPki({ country: 'UT', mrzCode: 'UTO' })
const image = buildImage(record, utopia, { iccSerial })
await execute(card.transport(), image, { keys: testTransportKeys, signer: softwareSigner(pki.documentSigner) })

const evidence = await readCard(card.transport(), { profile: utopia, access: image.access })
console.log(renderFileTreeText(buildEvidenceTree(utopia, evidence)))
const context = { profile: utopia, trust: trustStore([pki.csca.certificate]), policy: defaultPolicy(new Date()) }
const report = judge(await runChecks(evidence, context))
for (const { id, outcome, detail } of report.checks.filter((one) => one.outcome !== 'pass')) console.log(`${outcome} ${id}: ${detail}`)
console.log(`${report.verdict}: ${report.summary}`)
card.close()
