import { decodeKeyInformation, deleteKey, encodeDgi, getCardData, getStatus, send, setCardStatus, storeData } from '@kart/apdu/host'
import { fromHex, toHex } from '@kart/codec'
import { createBlankCard, inMemory, type PluggedCard, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { openPcsc, type PcscContext } from '@kart/pcsc'
import { openScp03, putKeySet, readCardRecognition } from '@kart/secure-channel'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { cardChannel, iccSerial, keySet, secured } from '../scp03/domain-card.ts'
import { insertCard, runProgram, slots, waitForCard, waitForStack } from './stack.ts'

// The security domain on the real PC/SC stack: what card-management tools send in plain, by opensc-tool, and whole SCP03 sessions through the driver.
// Debian ships no GlobalPlatform tool that speaks SCP03.

const [{ reader }] = slots
let context: PcscContext
let plugged: PluggedCard

beforeAll(waitForStack)
beforeAll(async () => {
  context = await openPcsc()
})
afterAll(() => context?.close())
beforeEach(async () => {
  plugged = await insertCard(context, createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial }))
})
afterEach(async () => {
  await plugged.unplug()
  await waitForCard(context, reader, false)
})

it('opensc-tool: default SELECT, production data, recognition data, capabilities, keys, INITIALIZE UPDATE', async () => {
  const apdus = ['00A4040000', '80CA9F7F00', '80CA006600', '80CA006700', '80CA00E000', '80CA00C100', '8050000008010203040506070800']
  const { code, stdout } = await runProgram(
    'opensc-tool',
    apdus.flatMap((apdu) => ['-s', apdu]),
    { timeoutMs: 60_000 },
  )
  expect(code).toBe(0)
  expect([...stdout.matchAll(/SW1=0x([0-9A-F]{2}), SW2=0x([0-9A-F]{2})/g)].map(([, sw1, sw2]) => `${sw1}${sw2}`)).toEqual(
    apdus.map(() => '9000'),
  )
  expect(stdout).toMatch(/^6F 11 84 08 A0 00 00 01 51/m)
  expect(stdout).toMatch(/^01 02 03 04 05 06 07 08 09 0A 30 03 70/m)
})

it('SCP03 at every level through the driver: list, PUT KEY, STORE DATA, DELETE, the new keys, and the life cycle to CARD_LOCKED and back', async () => {
  const card = await context.connect(reader, { mode: 'exclusive' })
  try {
    const base = await cardChannel(card)
    expect(await readCardRecognition(base)).toEqual({ specification: '2.3.1', protocols: [{ scp: 3, i: 0x70 }] })
    for (const level of [0x01, 0x03, 0x11, 0x13, 0x33] as const) {
      const { session, inside } = await secured(base, testTransportKeys, level)
      expect((await send(inside, getStatus('card'))).entries.map(({ lifeCycle }) => lifeCycle)).toEqual([0x07])
      expect((await send(inside, getStatus('applications'))).entries).toHaveLength(3)
      await send(inside, putKeySet(session, keySet(0x01, 32)))
      await send(inside, storeData(encodeDgi(0x2f00, fromHex('61044f020102')), { blockNumber: 0, last: true }))
      expect(decodeKeyInformation(await send(inside, getCardData(0xe0)))).toHaveLength(6)
      await send(inside, deleteKey(0x01))
    }
    const { session, inside } = await secured(base, testTransportKeys, 0x33)
    const issuer = keySet(0x01, 32)
    await send(inside, putKeySet(session, issuer))
    await send(inside, setCardStatus('SECURED'))
    const last = await secured(base, issuer, 0x33)
    await send(last.inside, setCardStatus('CARD_LOCKED'))
    await send(last.inside, setCardStatus('SECURED'))
    await expect(openScp03(base, testTransportKeys, { aid: nationalId.securityDomainAid })).rejects.toThrow(
      expect.objectContaining({ sw: 0x6a88 }),
    )
    expect(toHex(await card.transceive(fromHex('80ca00e000')))).toMatch(/^e012c00401018820.*9000$/)
  } finally {
    await card.close()
  }
})
