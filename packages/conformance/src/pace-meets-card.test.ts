import {
  encodeDgi,
  getResponse,
  installForPersonalization,
  openChannel,
  readFile,
  selectApplication,
  selectFile,
  send,
  storeData,
} from '@kart/apdu/host'
import { concatBytes, decodeTlv, encodeAscii, fromHex } from '@kart/codec'
import { groupNames, standardizedParameters } from '@kart/crypto'
import { createBlankCard, EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { type CardProfile, nationalId, type PaceOfferSpec, type PacePasswordName } from '@kart/layout/profile'
import {
  AuthenticationError,
  canPassword,
  type MrzInformationInput,
  mrzPassword,
  openScp03,
  type PacePassword,
  paceProtocols,
  performPace,
  pinPassword,
  secureMessagingLayer,
  verifyChipAuthenticationMapping,
} from '@kart/secure-channel'
import { describe, expect, it } from 'vitest'

const holder: MrzInformationInput = { documentNumber: 'T22000129', dateOfBirth: '640812', dateOfExpiry: '101031' }
const mrzSecret = fromHex('7e2d2a41c74ea0b38cd36f863939bfa8e9032aad') // Doc 9303-11, appendix G.1: SHA-1 of this holder's MRZ information
const digits = { can: '500540', pin: '271828', puk: '31415926' } as const
const passwordNames: readonly PacePasswordName[] = ['mrz', 'can', 'pin', 'puk']

function terminalPassword(name: PacePasswordName): PacePassword {
  if (name === 'mrz') return mrzPassword(holder)
  return name === 'can' ? canPassword(digits.can) : pinPassword(name, digits[name])
}

const cipherNames = { desede: '3DES', aes128: 'AES-128', aes192: 'AES-192', aes256: 'AES-256' } as const

/** Every variant on every group that the terminal takes. */
const offers: readonly PaceOfferSpec[] = paceProtocols.flatMap(({ agreement, mapping, cipher }) =>
  standardizedParameters
    .filter(({ group }) => group !== undefined && (agreement === 'dh') === group.startsWith('MODP'))
    // The integrated mapping has no image on P-224 (Doc 9303-11, 9.5.1, note).
    .filter(({ group }) => mapping !== 'im' || group !== 'P-224')
    .map(({ id }) => ({
      agreement: agreement === 'dh' ? ('DH' as const) : ('ECDH' as const),
      mapping: mapping.toUpperCase() as PaceOfferSpec['mapping'],
      cipher: cipherNames[cipher],
      parameterId: id,
    })),
)
const chipGroups = offers.filter(({ mapping, cipher }) => mapping === 'CAM' && cipher === 'AES-128').map(({ parameterId }) => parameterId)

const profile: CardProfile = {
  ...nationalId,
  pace: { offers, passwords: passwordNames },
  chipAuthentication: {
    keys: chipGroups.map((parameterId) => ({ keyId: parameterId, agreement: 'ECDH', parameterId, ciphers: ['AES-128'], versions: [2] })),
  },
}
const emrtd = fromHex('A0000002471001')
const dg1 = concatBytes(fromHex('615D5F1F5A'), new Uint8Array(90).fill(0x3c))

/** A card personalized over SCP03 with all four passwords, a chip key on each curve, and EF.DG1. */
async function personalizedCard() {
  const memory = inMemory()
  const card = createBlankCard({ memory, profile, transportKeys: testTransportKeys, iccSerial: new Uint8Array(10) })
  const transport = card.transport()
  const base = openChannel(transport, getResponse())
  await send(base, selectApplication(profile.securityDomainAid))
  const { session } = await openScp03(base, testTransportKeys, { aid: profile.securityDomainAid })
  const secured = secureMessagingLayer(session)(base)
  const store = async (dgi: number, value: Uint8Array) => {
    await send(secured, installForPersonalization(emrtd))
    return send(secured, storeData(encodeDgi(dgi, value), { blockNumber: 0, last: true, ne: 256 }))
  }
  const { dgis } = profile
  await store(dgis.paceMrz, mrzSecret)
  await store(dgis.paceCan, encodeAscii(digits.can))
  await store(dgis.pacePin, encodeAscii(digits.pin))
  await store(dgis.pacePuk, encodeAscii(digits.puk))
  await store(0x0101, dg1)
  const chipKeys = new Map<number, Uint8Array>()
  for (const parameterId of chipGroups)
    chipKeys.set(
      parameterId,
      decodeTlv(await store(dgis.generateCaKey, Uint8Array.of(parameterId, parameterId)), 0x7f49).children![0]!.value,
    )
  await transport.close()
  return { memory, chipKeys }
}

const issued = await personalizedCard()

function selectionOf({ agreement, mapping, cipher, parameterId }: PaceOfferSpec) {
  const protocol = paceProtocols.find(
    (row) => row.agreement.toUpperCase() === agreement && row.mapping.toUpperCase() === mapping && cipherNames[row.cipher] === cipher,
  )!
  const group = groupNames.find((name) => standardizedParameters.some((row) => row.id === parameterId && row.group === name))!
  return { protocol, group, parameterId, referenceParameters: true }
}

async function runPace(offer: PaceOfferSpec, name: PacePasswordName): Promise<void> {
  const card = new EmulatedCard({ memory: issued.memory, profile })
  const transport = card.transport()
  const base = openChannel(transport, getResponse())
  const result = await performPace(base, { selection: selectionOf(offer), password: terminalPassword(name) })
  const secured = secureMessagingLayer(result.session)(base)
  // Opened in the MF, it holds in the application selected inside it.
  await send(secured, selectApplication(emrtd))
  const content = send(secured, selectFile(0x0101)).then(() => readFile(secured, { maxLength: 128 }))
  // The PUK unblocks the PIN and opens no file.
  if (name === 'puk') await expect(content).rejects.toMatchObject({ sw: 0x6982 })
  else expect(await content).toEqual(dg1)
  expect(result.chipAuthentication !== undefined).toBe(offer.mapping === 'CAM')
  if (result.chipAuthentication) {
    expect(verifyChipAuthenticationMapping(result.chipAuthentication, issued.chipKeys.get(offer.parameterId)!)).toBe(true)
    expect(verifyChipAuthenticationMapping(result.chipAuthentication, result.chipAuthentication.mappingPublicKey)).toBe(false)
  }
  await transport.close()
}

describe('PACE: terminal meets card', () => {
  it.each(offers.map((offer, i) => ({ ...offer, name: passwordNames[i % passwordNames.length]! })))(
    '$agreement $mapping $cipher on parameters $parameterId, $name',
    ({ name, ...offer }) => runPace(offer, name),
  )

  it.each(nationalId.pace.offers.flatMap((offer) => passwordNames.map((name) => ({ ...offer, name }))))(
    'the national card’s offer $agreement $mapping $cipher on $parameterId, $name',
    ({ name, ...offer }) => runPace(offer, name),
  )

  it('P07 every wrong password is one and the same error to the terminal', async () => {
    const waits: number[] = []
    const card = new EmulatedCard({
      memory: inMemory(issued.memory.load()),
      profile,
      wait: async (milliseconds) => {
        waits.push(milliseconds)
      },
    })
    const base = openChannel(card.transport(), getResponse())
    const attempt = (password: PacePassword) =>
      performPace(base, { selection: selectionOf(nationalId.pace.offers[1]!), password }).then(
        () => 'opened',
        (error) => (error instanceof AuthenticationError ? `${error.message} ${error.sw?.toString(16)}` : error),
      )
    const wrong = await attempt(canPassword('111111'))
    expect(wrong).toContain('undefined')
    expect(await attempt(mrzPassword({ ...holder, dateOfBirth: '640811' }))).toBe(wrong)
    expect(await attempt(canPassword('111112'))).toBe(wrong)
    expect(await attempt(canPassword(digits.can))).toBe('opened')
    expect(await attempt(canPassword(digits.can))).toBe('opened')
    expect(waits).toEqual([100, 200])
  })
})
