import {
  encodeDgi,
  getResponse,
  installForPersonalization,
  openChannel,
  selectApplication,
  send,
  setCardStatus,
  storeData,
} from '@kart/apdu/host'
import { concatBytes, decodeTlv, encodeAscii, findTlv, fromHex, uintToBytes } from '@kart/codec'
import { type CardMemory, createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import {
  buildPkcs15Files,
  decodeCertificate,
  dg15FromRsa,
  encodeEcPublicKeyInfo,
  holderKeys,
  holderPins,
  type KeyRow,
  nationalId,
  pkcs15Aid,
} from '@kart/layout'
import { openScp03, secureMessagingLayer } from '@kart/secure-channel'
import type { OpensslAuthority } from './openssl-authority.ts'
import { chipSerial } from './specimen.ts'

/** PINs of the cards that tests make. */
export const testPins = { AuthPIN: '736254', SignPIN: '840952', 'SO-PIN': '59036281', puk: '60718293' } as const

export interface SignatureCardOptions {
  /** Whether AuthPIN and SignPIN are those of the letter; false unless told. */
  readonly transport?: boolean
  /** Instead of the reference card's keys. */
  readonly keys?: readonly KeyRow[]
  readonly memory?: CardMemory
}

const padded = (digits: string) => concatBytes(encodeAscii(digits), new Uint8Array(8 - digits.length).fill(0xff))
const { dgis } = nationalId

/** A card with the holder's application alone: PINs, keys made on the card, certificates of an openssl authority; SECURED. */
export async function signatureCard(authority: OpensslAuthority, options: SignatureCardOptions = {}): Promise<EmulatedCard> {
  const card = createBlankCard({ memory: options.memory ?? inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
  const base = openChannel(card.transport(), getResponse())
  await send(base, selectApplication(nationalId.securityDomainAid))
  const { session } = await openScp03(base, testTransportKeys, { securityLevel: 0x33, aid: nationalId.securityDomainAid })
  const channel = secureMessagingLayer(session)(base)
  const store = (dgi: number, ...parts: readonly Uint8Array[]) =>
    send(channel, storeData(encodeDgi(dgi, concatBytes(...parts)), { blockNumber: 0, last: true, ne: 65536 }))
  await send(channel, installForPersonalization(pkcs15Aid))
  for (const { label, reference, minLength, maxLength, role } of holderPins) {
    const flags = Uint8Array.of(
      reference,
      Number(options.transport === true && role === 'user'),
      Number(label === 'SignPIN'),
      minLength,
      maxLength,
      3,
    )
    const puk = role === 'user' ? [Uint8Array.of(10), padded(testPins.puk)] : []
    await store(dgis.holderPin, flags, padded(testPins[label]), ...puk)
  }
  await store(dgis.forbiddenDigits, Uint8Array.of(10), encodeAscii('0499370899'))
  const rows = options.keys ?? holderKeys
  const keys: KeyRow[] = []
  const certificates = []
  for (const [i, key] of rows.entries()) {
    const { kind, bits } = key.algorithm
    const reference = holderPins.find(({ id }) => id === key.pin)!.reference
    const access = Uint8Array.of((reference << 4) | 0x0f, 0xff, 0xff)
    const answer = await store(
      dgis.generateHolderKey,
      uintToBytes(key.fid, 2),
      Uint8Array.of(kind === 'rsa' ? 0x11 : 0x22),
      uintToBytes(bits, 2),
      access,
      fromHex('0000'),
    )
    const part = (tag: number) => findTlv(decodeTlv(answer, 0x7f49).children!, tag)!.value
    const curve = bits === 256 ? 'P-256' : bits === 384 ? 'P-384' : 'P-521'
    const spki = kind === 'rsa' ? dg15FromRsa(part(0x81), part(0x82)).subjectPublicKeyInfo : encodeEcPublicKeyInfo(curve, part(0x86))
    const content = authority.certify(`card-${key.label}`, spki, key.label === 'signature' ? 'nonRepudiation' : 'digitalSignature')
    keys.push({ ...key, publicKey: spki })
    certificates.push({ label: key.label, id: key.id, fid: 0x4301 + i, subject: decodeCertificate(content).subject.raw, content })
  }
  const token = { label: 'TEST', manufacturer: 'Kart', serialNumber: chipSerial }
  const { files } = buildPkcs15Files({ token, pins: holderPins, keys, certificates, data: [] })
  for (const { fid, content } of files) await store(dgis.holderFile, uintToBytes(fid, 2), fromHex('03ffff'), fromHex('0000'), content)
  await send(channel, setCardStatus('SECURED'))
  session.destroy()
  return card
}
