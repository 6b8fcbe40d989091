import { inspect } from 'node:util'
import { StatusWordError } from '@kart/apdu/host'
import { concatBytes, fromHex, InputError, toHex } from '@kart/codec'
import { desEde3CbcDecrypt, desEde3CbcEncrypt, retailMac, useBackend } from '@kart/crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuthenticationError, secureMessagingLayer } from '../index.ts'
import { command, hexField, responseHex, scriptedChannel, vectorGroup } from '../testing/vector-file.ts'
import { BacKeys, bacKeySeed, deriveBacKeys } from './bac-keys.ts'
import { mrzInformation } from './mrz-information.ts'
import { bacSessionKeys, mutualAuthenticationData, openMutualAuthentication } from './mutual-authentication.ts'
import { performBac } from './perform-bac.ts'

const file = 'bac-sm/bac-sm.json'
const [example, ...negatives] = vectorGroup(file, 'mutual-authentication').tests
const { input, expected } = example!
const keys = () => new BacKeys(hexField(input.kenc), hexField(input.kmac))
const nonces = () => ({ rndIc: hexField(input.rndIcc), rndIfd: hexField(input.rndIfd), kIfd: hexField(input.kIfd) })

/** The standard's random numbers in the order in which they are drawn. */
function standardRandom(): (length: number) => Uint8Array {
  const values = [hexField(input.rndIfd), hexField(input.kIfd)]
  return (length) => {
    const value = values.shift()
    if (value?.length !== length) throw new Error(`${length} random bytes asked out of turn`)
    return value
  }
}

beforeAll(() => {
  useBackend('noble')
})
afterAll(() => {
  useBackend('auto')
})

describe('keys from the MRZ (Doc 9303-11, Appendix D.2)', () => {
  test.each(vectorGroup(file, 'key-from-mrz').tests)('$comment', (row) => {
    const fields = {
      documentNumber: `${row.input.documentNumber}`,
      dateOfBirth: `${row.input.dateOfBirth}`,
      dateOfExpiry: `${row.input.dateOfExpiry}`,
    }
    expect(mrzInformation(fields)).toBe(row.expected.mrzInformation)
    expect(toHex(bacKeySeed(mrzInformation(fields)))).toBe(row.expected.kseed)
    const derived = deriveBacKeys(fields)
    expect(toHex(derived.kEnc)).toBe(row.expected.kenc)
    expect(toHex(derived.kMac)).toBe(row.expected.kmac)
  })

  test('unknown birth digits are filled; malformed fields are refused without repeating them', () => {
    const fields = { documentNumber: 'L898902C', dateOfBirth: '69<<<<', dateOfExpiry: '940623' }
    expect(mrzInformation(fields)).toBe('L898902C<369<<<<99406236')
    for (const wrong of [
      { documentNumber: '' },
      { documentNumber: '<<<' },
      { documentNumber: 'l898902c' },
      { documentNumber: 'L8989 02C' },
      { documentNumber: 'A'.repeat(23) },
      { dateOfBirth: '19690806' },
      { dateOfBirth: '690a06' },
      { dateOfExpiry: '' },
    ]) {
      const call = () => mrzInformation({ ...fields, ...wrong })
      expect(call).toThrow(InputError)
      const value = Object.values(wrong)[0]!
      if (value.length > 3) expect(call).not.toThrow(value)
    }
  })
})

describe('mutual authentication (Doc 9303-11, Appendix D.3)', () => {
  test('every intermediate value', () => {
    const s = concatBytes(nonces().rndIfd, nonces().rndIc, nonces().kIfd)
    expect(toHex(s)).toBe(expected.s)
    const data = mutualAuthenticationData(keys(), nonces())
    expect(toHex(data)).toBe(`${expected.eIfd}${expected.mIfd}`)
    const answer = hexField(expected.externalAuthenticateResponse).slice(0, -2)
    expect(toHex(answer)).toBe(`${expected.eIcc}${expected.mIcc}`)
    expect(toHex(desEde3CbcDecrypt(keys().kEnc, new Uint8Array(8), answer.slice(0, 32)))).toBe(expected.r)
    const kIc = openMutualAuthentication(keys(), nonces(), answer)
    expect(toHex(kIc)).toBe(input.kIcc)
    const seed = hexField(input.kIfd).map((byte, i) => byte ^ kIc[i]!)
    expect(toHex(seed)).toBe(expected.ksSeed)
    const session = bacSessionKeys(nonces(), kIc)
    expect(toHex(session.ksEnc)).toBe(expected.ksEnc)
    expect(toHex(session.ksMac)).toBe(expected.ksMac)
    expect(toHex(session.ssc)).toBe(expected.ssc)
  })

  test('the terminal alone walks the whole appendix: challenge, authentication, three protected commands', async () => {
    const rows = vectorGroup(file, 'secure-messaging').tests
    const channel = scriptedChannel([
      [expected.getChallengeCommand, expected.getChallengeResponse],
      [expected.externalAuthenticateCommand, expected.externalAuthenticateResponse],
      [rows[0]?.expected.protected, rows[1]?.input.protected],
      [rows[2]?.expected.protected, rows[3]?.input.protected],
      [rows[4]?.expected.protected, rows[5]?.input.protected],
    ])
    const session = await performBac(channel, keys(), { random: standardRandom() })
    const secured = secureMessagingLayer(session)(channel)
    for (let i = 0; i < 6; i += 2)
      expect(responseHex(await secured.transmit(command(rows[i]?.input.plain)))).toBe(rows[i + 1]?.expected.plain)
    expect(channel.left()).toBe(0)
  })

  test('random numbers are the terminal’s own: fresh each time', async () => {
    const seen = new Set<string>()
    for (let i = 0; i < 4; i++) {
      const sent: string[] = []
      const channel = {
        transmit: async (apdu: { ins: number; data: Uint8Array }) => {
          sent.push(toHex(apdu.data))
          return apdu.ins === 0x84 ? { data: hexField(input.rndIcc), sw: 0x9000 } : { data: new Uint8Array(0), sw: 0x6300 }
        },
      }
      await expect(performBac(channel, keys())).rejects.toBeInstanceOf(AuthenticationError)
      seen.add(sent[1]!)
    }
    expect(seen.size).toBe(4)
  })

  test.each(negatives)('$comment', async (row) => {
    const channel = scriptedChannel([
      [expected.getChallengeCommand, expected.getChallengeResponse],
      [expected.externalAuthenticateCommand, row.input.externalAuthenticateResponse],
    ])
    await expect(performBac(channel, keys(), { random: standardRandom() })).rejects.toThrow(
      expect.objectContaining({ code: 'authentication' }),
    )
  })

  test('P05 an answer with a good MAC over another nonce fails as one with a wrong MAC does, with the same words', async () => {
    const sealed = (r: Uint8Array) => {
      const e = desEde3CbcEncrypt(keys().kEnc, new Uint8Array(8), r)
      return toHex(concatBytes(e, retailMac(keys().kMac, e))).concat('9000')
    }
    const other = fromHex('0000000000000000')
    const answers = [
      sealed(concatBytes(other, hexField(input.rndIfd), hexField(input.kIcc))),
      sealed(concatBytes(hexField(input.rndIcc), other, hexField(input.kIcc))),
      `${expected.eIcc}00000000000000009000`,
      `${expected.eIcc}9000`,
      '9000',
    ]
    const messages = new Set<string>()
    for (const answer of answers) {
      const channel = scriptedChannel([
        [expected.getChallengeCommand, expected.getChallengeResponse],
        [expected.externalAuthenticateCommand, answer],
      ])
      const failure = await performBac(channel, keys(), { random: standardRandom() }).catch((error) => error)
      expect(failure).toBeInstanceOf(AuthenticationError)
      messages.add(failure.message)
    }
    expect(messages.size).toBe(1)
  })

  test('a card that refuses: no challenge is a StatusWordError, a refusal of the keys an AuthenticationError with its status word', async () => {
    await expect(performBac(scriptedChannel([['0084000008', '6d00']]), keys())).rejects.toBeInstanceOf(StatusWordError)
    const channel = scriptedChannel([
      [expected.getChallengeCommand, expected.getChallengeResponse],
      [expected.externalAuthenticateCommand, '6300'],
    ])
    await expect(performBac(channel, keys(), { random: standardRandom() })).rejects.toThrow(
      expect.objectContaining({ code: 'authentication', sw: 0x6300, protocol: 'BAC' }),
    )
  })
})

test('keys show in no inspection and no serialization, and are erased', () => {
  const held = keys()
  const shown = `${inspect(held, { showHidden: true, depth: 9 })} ${JSON.stringify(held)} ${held}`
  for (const secret of [held.kEnc, held.kMac]) {
    expect(shown).not.toContain(toHex(secret))
    expect(shown).not.toContain([...secret.slice(0, 4)].join(', '))
  }
  held.destroy()
  expect(held.kEnc).toEqual(new Uint8Array(16))
  expect(held.kMac).toEqual(new Uint8Array(16))
})
