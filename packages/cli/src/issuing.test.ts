import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { type CardProfile, nationalId } from '@kart/layout'
import { initTestPki, softwareSigner, testHolderAuthority } from '@kart/personalization'
import { expect, it } from 'vitest'
import { issueCard, readRecord } from './issuing.ts'
import { specimenFile } from './specimen.ts'

const pki = initTestPki()
const { pace: _pace, chipAuthentication: _chip, terminalAuthentication: _terminal, ...bare } = nationalId
const needsPace = ['EF.CardAccess', 'EF.CardSecurity']
const withoutPace: CardProfile = {
  ...bare,
  applications: bare.applications.map((one) => ({ ...one, files: one.files.filter(({ name }) => !needsPace.includes(name)) })),
}

it('says that PINs went to a card in clear where it has no PACE, and nothing of that where it has', async () => {
  for (const [profile, said] of [
    [withoutPace, 1],
    [nationalId, 0],
  ] as const) {
    const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: new Uint8Array(10), profile })
    const { notes } = await issueCard({
      ...{ record: readRecord(specimenFile('record.json')), profile, keys: testTransportKeys, allowUnfinished: false },
      card: { transport: card.transport(), where: 'a card', close: async () => card.close() },
      ...{ signer: softwareSigner(pki.documentSigner), certify: testHolderAuthority(pki.holderAuthority), extras: { signatureCard: {} } },
    })
    expect(notes.filter((note) => note.includes('PINs went to it in clear'))).toHaveLength(said)
  }
})
