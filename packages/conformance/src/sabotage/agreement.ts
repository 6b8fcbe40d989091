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
import { agreeOnActiveAuthentication } from './agreement-aa.ts'
import { agreeOnChip, agreeOnTerminal } from './agreement-eac.ts'
import { agreeOnPace } from './agreement-pace.ts'
import { type Protocol, protocols } from './vector-rows.ts'

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

/** SCP03 and BAC, content in, content out. */
async function agreeOnContent(): Promise<void> {
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

async function agreeOnScp03(): Promise<void> {
  await agreeOnKeys()
  await agreeOnContent()
}

const scenarios: Readonly<Record<Exclude<Protocol, 'shared'>, () => Promise<void>>> = {
  bac: agreeOnContent,
  messaging: async () => {
    await agreeOnContent()
    await agreeOnPace()
  },
  scp03: agreeOnScp03,
  pace: agreeOnPace,
  chip: agreeOnChip,
  terminal: agreeOnTerminal,
  certificates: agreeOnTerminal,
  active: agreeOnActiveAuthentication,
}

/** Terminal and card go through a protocol with each other; `shared` is all of them. Throws when they disagree. */
export async function agree(protocol: Protocol): Promise<void> {
  for (const one of protocols) if (one !== 'shared' && (protocol === 'shared' || one === protocol)) await scenarios[one]()
}
