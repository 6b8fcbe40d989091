import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getResponse, openChannel, selectApplication, send, verifyFinger, wrongLength } from '@kart/apdu/host'
import { fromHex } from '@kart/codec'
import { seenInMemory } from '@kart/crypto'
import { createBlankCard, EmulatedCard, fileMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import { cardTemplate, decodeTemplate, encodeVerifyData, type MinutiaeTemplate, makeImpression, syntheticTemplate } from '@kart/minutiae'
import { buildImage, execute, type TransportPins, testHolderAuthority } from '@kart/personalization'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kart } from './testing/run-here.ts'
import { can, chipSerial, executeOptions, personalizationDay, pki, specimen, specimenFile, specimenOptions } from './testing/specimen.ts'

const officer = '62950174'
const pins: TransportPins = {
  AuthPIN: { pin: '730518', puk: '40271853' },
  SignPIN: { pin: '916207', puk: '58302617' },
  'SO-PIN': { pin: officer },
}
const folder = mkdtempSync(join(tmpdir(), 'kart-finger-'))
const at = (name: string) => join(folder, name)
const secret = (name: string, value: string): string => {
  writeFileSync(at(name), value, { mode: 0o600 })
  return at(name)
}
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Opens the card of the file, shows it this print as often, and closes it; gives the last answer. */
async function show(template: MinutiaeTemplate, times: number) {
  const card = new EmulatedCard({ memory: fileMemory(at('citizen.card')) })
  try {
    const channel = openChannel(card.transport(), getResponse(), wrongLength())
    await send(channel, selectApplication(fromHex('F04B41525446')))
    const data = encodeVerifyData(cardTemplate(template, { most: 60, order: 'x-then-y' }))
    let answer = await send(channel, verifyFinger(0x96, data))
    for (let i = 1; i < times; i++) answer = await send(channel, verifyFinger(0x96, data))
    return answer
  } finally {
    card.close()
  }
}

beforeAll(async () => {
  const image = buildImage(specimen, nationalId, { ...specimenOptions, signatureCard: { pins } })
  const card = createBlankCard({ memory: fileMemory(at('citizen.card')), transportKeys: testTransportKeys, iccSerial: chipSerial })
  const certify = testHolderAuthority(pki.holderAuthority, () => personalizationDay)
  await execute(card.transport(), image, { ...executeOptions, certify, seenKeys: seenInMemory() })
  card.close()
})

describe('kart pin unblock-finger', () => {
  const card = ['--card', at('citizen.card')] as const
  const status = async () => JSON.parse((await kart('pin', 'status', ...card, '--json')).out)
  const unblock = (pin: string, ...more: readonly string[]) =>
    kart('pin', 'unblock-finger', ...card, '--pin-file', secret('officer', pin), ...more)
  const live = makeImpression(decodeTemplate(specimenFile('finger-enrolled.fmr')), { seed: 7 }).template

  it('gives a blocked finger its tries back with the SO-PIN and the card access number', async () => {
    expect(await unblock(officer, '--can', can)).toMatchObject({ code: 2, err: expect.stringMatching(/no blocked finger/) })
    expect(await show(syntheticTemplate(47), 6)).toMatchObject({ state: 'blocked' })
    expect((await status()).fingers).toEqual([{ reference: 0x96, state: 'blocked' }])
    expect((await kart('pin', 'status', ...card)).out).toMatch(/finger 96 .*blocked/)
    expect(await unblock(officer)).toMatchObject({ code: 2, err: expect.stringMatching(/inside PACE only/) })
    expect(await unblock('62950175', '--can', can)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/SO-PIN: the PIN is wrong; 2 tries/),
    })
    expect(await unblock(officer, '--can', can)).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/UNBLOCKED.*finger 96/) })
    const { fingers, pins: found } = await status()
    expect(fingers).toEqual([{ reference: 0x96, state: 'usable', triesLeft: 5 }])
    expect(found.map(({ triesLeft }: { triesLeft: number }) => triesLeft)).toEqual([3, 3, 3])
    expect(await show(live, 1)).toMatchObject({ state: 'match' })
  })
})
