import {
  encodeDgi,
  getCardData,
  getResponse,
  installForPersonalization,
  openChannel,
  readBinary,
  readBinaryOdd,
  selectApplication,
  selectFile,
  send,
  storeData,
} from '@kart/apdu/host'
import { concatBytes, equalBytes, fromHex } from '@kart/codec'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { deriveBacKeys, openScp03, performBac, putKeySet, secureMessagingLayer } from '@kart/secure-channel'

const securityDomainAid = nationalId.securityDomainAid
const ramp = (first: number) => Uint8Array.from({ length: 24 }, (_, i) => first + i)

/** A card in S16 mode with random challenges: a key set is put, and opens the next session. */
async function agreeOnKeys(): Promise<void> {
  const profile = { ...nationalId, scp03: { i: 0x61 } }
  const card = createBlankCard({ memory: inMemory(), profile, transportKeys: testTransportKeys, iccSerial: new Uint8Array(10) })
  const transport = card.transport()
  const base = openChannel(transport, getResponse())
  await send(base, selectApplication(securityDomainAid))
  const first = await openScp03(base, testTransportKeys, { aid: securityDomainAid, s16: true })
  const keys = { version: 1, enc: ramp(1), mac: ramp(64), dek: ramp(128) }
  await send(secureMessagingLayer(first.session)(base), putKeySet(first.session, keys))
  card.reset()
  await send(base, selectApplication(securityDomainAid))
  const second = await openScp03(base, keys, { aid: securityDomainAid, s16: true })
  const told = await send(secureMessagingLayer(second.session)(base), getCardData(0xe0))
  if (told.length < 30) throw new Error('the card does not tell of both key sets')
  await transport.close()
}

/** Terminal and card do SCP03 and BAC with each other: content in, content out. Throws when they disagree. */
export async function agree(): Promise<void> {
  await agreeOnKeys()
  const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: new Uint8Array(10) })
  const transport = card.transport()
  const base = openChannel(transport, getResponse())
  const aid = nationalId.securityDomainAid
  const application = fromHex('A0000002471001')
  const keys = deriveBacKeys({ documentNumber: 'T22000129', dateOfBirth: '640812', dateOfExpiry: '301031' })
  const content = concatBytes(
    fromHex('6181FF'),
    Uint8Array.from({ length: 120 }, (_, i) => i),
  ).slice(0, 123)

  await send(base, selectApplication(aid))
  const { session } = await openScp03(base, testTransportKeys, { aid })
  const secured = secureMessagingLayer(session)(base)
  await send(secured, installForPersonalization(application))
  await send(secured, storeData(encodeDgi(0x0101, content), { blockNumber: 0, last: true }))
  await send(secured, installForPersonalization(application))
  await send(secured, storeData(encodeDgi(nationalId.dgis.bacKeys, concatBytes(keys.kEnc, keys.kMac)), { blockNumber: 0, last: true }))
  await send(secured, installForPersonalization(application))
  const point = await send(
    secured,
    storeData(encodeDgi(nationalId.dgis.generateAaKey, Uint8Array.of(1)), { blockNumber: 0, last: true, ne: 256 }),
  )
  if (point.length < 60) throw new Error('no public key came back')

  card.reset()
  await send(base, selectApplication(application))
  const protectedChannel = secureMessagingLayer(await performBac(base, keys))(base)
  await send(protectedChannel, selectFile(0x0101))
  const read = await send(protectedChannel, readBinary(0, content.length))
  if (!equalBytes(read, content)) throw new Error('the file came back changed')
  await send(protectedChannel, readBinaryOdd(0, 16))
  await transport.close()
}
