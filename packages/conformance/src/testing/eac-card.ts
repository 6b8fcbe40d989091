import { generateKeyPairSync } from 'node:crypto'
import {
  type CardChannel,
  encodeDgi,
  getResponse,
  installForPersonalization,
  openChannel,
  selectApplication,
  send,
  setCardStatus,
  storeData,
} from '@kart/apdu/host'
import { concatBytes, decodeTlv, encodeAscii, encodeTlv, fromHex } from '@kart/codec'
import { type CardMemory, createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import type { TerminalAlgorithmName } from '@kart/layout'
import { all, type CardProfile, type ChipAuthenticationKeySpec, channel, nationalId, terminalRight } from '@kart/layout/profile'
import { type CvSigner, cvPublicKey, deriveBacKeys, keySigner, openScp03, secureMessagingLayer } from '@kart/secure-channel'

export const emrtdAid = fromHex('A0000002471001')
export const holder = { documentNumber: 'D23145890', dateOfBirth: '740812', dateOfExpiry: '120415' }
export const can = '500540'

const mrz = 'I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<'
const dg1 = concatBytes(fromHex('615D5F1F5A'), encodeAscii(mrz))
/** Stands for the fingers. */
export const dg3 = encodeTlv(0x63, new Uint8Array(600).fill(0x3f))

/** The national card with these chip keys, EF.DG3 behind chip and terminal authentication. */
export function eacProfile(keys: readonly ChipAuthenticationKeySpec[], change: Partial<CardProfile> = {}): CardProfile {
  const read = all(channel('chip-authentication'), terminalRight('read-dg3'))
  const applications = nationalId.applications.map((application) => ({
    ...application,
    files: application.files.map((file) => (file.name === 'EF.DG3' ? { ...file, read } : file)),
  }))
  return { ...nationalId, applications, chipAuthentication: { keys }, ...change }
}

export interface IssuedCard {
  readonly memory: CardMemory
  readonly profile: CardProfile
  /** DER SubjectPublicKeyInfo of each chip key, by its number. */
  readonly chipKeys: ReadonlyMap<number, Uint8Array>
}

/** DER SubjectPublicKeyInfo of a key in a group of standardized domain parameters. */
function spkiOf({ agreement, parameterId }: ChipAuthenticationKeySpec, key: Uint8Array): Uint8Array {
  const algorithm = encodeTlv(0x30, [fromHex('060704007f00070102'), encodeTlv(0x02, Uint8Array.of(parameterId))])
  const value = agreement === 'ECDH' ? key : encodeTlv(0x02, concatBytes(Uint8Array.of(...(key[0]! >= 0x80 ? [0] : [])), key))
  return encodeTlv(0x30, [algorithm, encodeTlv(0x03, [Uint8Array.of(0), value])])
}

/** Personalizes a card over SCP03: access keys, CAN, chip keys, trust points, EF.DG1 and EF.DG3, and secures it. */
export async function issueEacCard(profile: CardProfile, trustPoints: readonly Uint8Array[], date = '260101'): Promise<IssuedCard> {
  const memory = inMemory()
  const card = createBlankCard({ memory, profile, transportKeys: testTransportKeys, iccSerial: new Uint8Array(10) })
  const transport = card.transport()
  const base = openChannel(transport, getResponse())
  await send(base, selectApplication(profile.securityDomainAid))
  const { session } = await openScp03(base, testTransportKeys, { aid: profile.securityDomainAid })
  const secured = secureMessagingLayer(session)(base)
  await send(secured, installForPersonalization(emrtdAid))
  const store = (dgi: number, value: Uint8Array) => storeWhole(secured, encodeDgi(dgi, value))
  const { dgis } = profile
  const bac = deriveBacKeys(holder)
  await store(dgis.bacKeys, concatBytes(bac.kEnc, bac.kMac))
  await store(dgis.paceCan, encodeAscii(can))
  await store(0x0101, dg1)
  await store(0x0103, dg3)
  await store(0x011c, new Uint8Array(36))
  for (const point of trustPoints) await store(dgis.trustPoint, point)
  await store(dgis.cardDate, Uint8Array.from(date, Number))
  const chipKeys = new Map<number, Uint8Array>()
  for (const spec of profile.chipAuthentication?.keys ?? []) {
    const answer = await store(dgis.generateCaKey, Uint8Array.of(spec.keyId, spec.parameterId))
    chipKeys.set(spec.keyId, spkiOf(spec, decodeTlv(answer, 0x7f49).children![0]!.value))
  }
  await send(secured, setCardStatus('SECURED'))
  await transport.close()
  return { memory, profile, chipKeys }
}

async function storeWhole(channel: CardChannel, bytes: Uint8Array): Promise<Uint8Array> {
  let answer: Uint8Array = new Uint8Array(0)
  for (let at = 0, block = 0; at < bytes.length; at += 200, block++)
    answer = await send(channel, storeData(bytes.slice(at, at + 200), { blockNumber: block, last: at + 200 >= bytes.length, ne: 256 }))
  return answer
}

/** A fresh key pair for CV certificates: the public key as they carry it, and who signs with it. */
export function cvKeyPair(
  algorithm: TerminalAlgorithmName,
  namedCurve: string,
): { publicKey: ReturnType<typeof cvPublicKey>; signer: CvSigner } {
  const { privateKey, publicKey } = algorithm.includes('ECDSA')
    ? generateKeyPairSync('ec', { namedCurve })
    : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    publicKey: cvPublicKey(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })), algorithm),
    signer: keySigner(new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })), algorithm),
  }
}
