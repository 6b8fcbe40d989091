import { inspect } from 'node:util'
import { StatusWordError, TransportError } from '@kart/apdu/host'
import { concatBytes, fromHex, InputError, toHex } from '@kart/codec'
import { agreementGroup, useBackend } from '@kart/crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  AuthenticationError,
  authenticationToken,
  decryptChipAuthenticationData,
  performPace,
  verifyChipAuthenticationMapping,
} from '../index.ts'
import { answeringCard, dynamicData, type PaceExampleName, paceExample } from '../testing/pace-example.ts'
import { hexField } from '../testing/vector-file.ts'

type Values = Readonly<Record<string, string>>

const refusal = 'PACE: the password is not this card’s, or the card did not prove that it knows it'

beforeAll(() => {
  useBackend('noble')
})
afterAll(() => {
  useBackend('auto')
})

/** Runs an example against a card that answers otherwise at one step; gives the error and how many commands were left unsent. */
async function runWith(name: PaceExampleName, answers: Readonly<Record<number, string>>): Promise<{ error: unknown; left: number }> {
  const example = paceExample(name)
  const card = example.card(answers)
  const error = await performPace(card, { selection: example.selection, password: example.password(), random: example.random() }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { error, left: card.left() }
}

async function expectRefused(name: PaceExampleName, answers: Readonly<Record<number, string>>, left: number): Promise<void> {
  const outcome = await runWith(name, answers)
  expect(outcome.error, JSON.stringify(answers)).toBeInstanceOf(AuthenticationError)
  expect((outcome.error as Error).message).toBe(refusal)
  expect(outcome.left, JSON.stringify(answers)).toBe(left)
}

const ecdh = paceExample('pace-ecdh-gm-aes128')
const dh = paceExample('pace-dh-gm-aes128')
const cam = paceExample('pace-cam-aes128')
const mapping = ecdh.expected.mapping as Values
const agreement = ecdh.expected.agreement as Values

const offCurve = (point: string) => `${point.slice(0, -2)}${(Number.parseInt(point.slice(-2), 16) ^ 1).toString(16).padStart(2, '0')}`
const prime = BigInt(
  `0x${toHex(fromHex('b10b8f96a080e01dde92de5eae5d54ec52c99fbcfb06a3c69a6a9dca52d23b616073e28675a23d189838ef1e2ee652c013ecb4aea906112324975c3cd49b83bfaccbdd7d90c4bd7098488e9c219a73724effd6fae5644738faa31a4ff55bccc0a151af5f0dc8b4bd45bf37df365c1a65e68cfda76d4da708df1fb2bc2e4a4371'))}`,
)
const integer = (value: bigint) => value.toString(16).padStart(256, '0')

/** Keys that a card must not get away with, by what is wrong with them. */
const badPoints: readonly (readonly [string, string])[] = [
  ['a point not on the curve', offCurve(mapping.chipPublicKey!)],
  ['the point at infinity', '00'],
  ['zero coordinates', `04${'00'.repeat(64)}`],
  ['a coordinate beyond the prime', `04${'ff'.repeat(64)}`],
  ['a compressed point', `02${mapping.chipPublicKey!.slice(2, 66)}`],
  ['a point of another curve’s length', `04${'11'.repeat(96)}`],
  ['no bytes', ''],
]
const badIntegers: readonly (readonly [string, string])[] = [
  ['0', integer(0n)],
  ['1', integer(1n)],
  ['p - 1, of order 2', integer(prime - 1n)],
  ['p', integer(prime)],
  ['an element twisted by one of order 2', integer(prime - BigInt(`0x${(dh.expected.mapping as Values).chipPublicKey}`))],
  ['a small subgroup’s element', integer(2n)],
  ['a byte too many', `00${(dh.expected.mapping as Values).chipPublicKey}`],
]

describe('P06 keys of the card that are no keys', () => {
  test.each(badPoints)('ECDH: %s', async (_what, key) => {
    await expectRefused('pace-ecdh-gm-aes128', { 2: dynamicData([0x82, key]) }, 2)
    await expectRefused('pace-ecdh-gm-aes128', { 3: dynamicData([0x84, key]) }, 1)
    await expectRefused('pace-ecdh-im-aes128', { 3: dynamicData([0x84, key]) }, 1)
    await expectRefused('pace-cam-aes128', { 2: dynamicData([0x82, key]) }, 2)
  })

  test.each(badIntegers)('DH: %s', async (_what, key) => {
    await expectRefused('pace-dh-gm-aes128', { 2: dynamicData([0x82, key]) }, 2)
    await expectRefused('pace-dh-gm-aes128', { 3: dynamicData([0x84, key]) }, 1)
    await expectRefused('pace-dh-im-aes128', { 3: dynamicData([0x84, key]) }, 1)
  })

  test('the rows of our own beside the examples: reflection, off the curve', async () => {
    const row = (flag: string) => ecdh.negatives.find((each) => each.flags.includes(flag))!
    await expectRefused('pace-ecdh-gm-aes128', { 3: dynamicData([0x84, `${row('reflection').input.chipPublicKey}`]) }, 1)
    await expectRefused('pace-ecdh-gm-aes128', { 2: dynamicData([0x82, `${row('off-curve').input.chipPublicKey}`]) }, 2)
  })

  test('identical ephemeral keys, with a token that fits them', async () => {
    // A card that knows nothing sends the terminal's keys back; with the key of the agreement reflected, the tokens are equal too.
    await expectRefused('pace-ecdh-gm-aes128', { 2: dynamicData([0x82, mapping.terminalPublicKey!]) }, 2)
    await expectRefused('pace-ecdh-gm-aes128', { 3: dynamicData([0x84, agreement.terminalPublicKey!]) }, 1)
    const [own, ownAgreed] = [(dh.expected.mapping as Values).terminalPublicKey!, (dh.expected.agreement as Values).terminalPublicKey!]
    await expectRefused('pace-dh-gm-aes128', { 2: dynamicData([0x82, own]) }, 2)
    await expectRefused('pace-dh-gm-aes128', { 3: dynamicData([0x84, ownAgreed]) }, 1)
  })
})

describe('P06 objects of the dynamic authentication data', () => {
  const nonce = '95a3a016522ee98d01e76cb6b98b42c3'
  const token = `${ecdh.expected.tIc}`

  test.each([
    ['another tag at the nonce', 1, dynamicData([0x81, nonce]), 3],
    ['no nonce', 1, dynamicData(), 3],
    ['an empty nonce', 1, dynamicData([0x80, '']), 3],
    ['a nonce of no whole blocks', 1, dynamicData([0x80, nonce.slice(2)]), 3],
    ['a nonce of 80 bytes', 1, dynamicData([0x80, nonce.repeat(5)]), 3],
    ['two nonces', 1, dynamicData([0x80, nonce], [0x80, nonce]), 3],
    ['another template', 1, `7d128010${nonce}9000`, 3],
    ['no template', 1, `8010${nonce}9000`, 3],
    ['nothing', 1, '9000', 3],
    ['a length that is too great', 1, `7c138010${nonce}9000`, 3],
    ['bytes behind the template', 1, `7c128010${nonce}009000`, 3],
    ['too many objects', 1, dynamicData(...Array.from({ length: 40 }, () => [0x80, ''] as const)), 3],
    ['the mapping key under 81', 2, dynamicData([0x81, mapping.chipPublicKey!]), 2],
    ['the mapping key under 84', 2, dynamicData([0x84, mapping.chipPublicKey!]), 2],
    ['an empty mapping answer, as the integrated mapping has', 2, '7c0282009000', 2],
    ['the key of the agreement under 83', 3, dynamicData([0x83, agreement.chipPublicKey!]), 1],
    ['the key of the agreement under 82', 3, dynamicData([0x82, agreement.chipPublicKey!]), 1],
    ['the token under 85', 4, dynamicData([0x85, token]), 0],
    ['no token', 4, dynamicData([0x87, '4445']), 0],
    ['a token cut short', 4, dynamicData([0x86, token.slice(2)]), 0],
    ['an empty token', 4, dynamicData([0x86, '']), 0],
    ['a token too long', 4, dynamicData([0x86, `${token}00`]), 0],
    ['the token behind a reference', 4, dynamicData([0x87, '4445'], [0x86, token]), 0],
    ['an unknown object behind the token', 4, dynamicData([0x86, token], [0x89, '00']), 0],
    ['chip authentication data that were not agreed on', 4, dynamicData([0x86, token], [0x8a, '00'.repeat(48)]), 0],
  ] as const)('%s', async (_what, step, answer, left) => {
    await expectRefused('pace-ecdh-gm-aes128', { [step]: answer }, left)
  })

  test('data with the integrated mapping, and a nonce of another length', async () => {
    await expectRefused('pace-ecdh-im-aes128', { 2: dynamicData([0x82, '00']) }, 2)
    await expectRefused('pace-ecdh-im-aes128', { 2: dynamicData([0x84, '']) }, 2)
    await expectRefused('pace-ecdh-im-aes128', { 1: dynamicData([0x80, nonce.repeat(2)]) }, 3)
  })

  test('a selection whose parameterId is of the other kind of key agreement', async () => {
    const selection = { ...ecdh.selection, group: 'MODP-1024-160' } as const
    await expect(performPace(answeringCard([]), { selection, password: ecdh.password() })).rejects.toBeInstanceOf(InputError)
  })
})

describe('P07 one error for whatever fails', () => {
  const refusedAt = (step: number, sw: string) => runWith('pace-ecdh-gm-aes128', { [step]: sw })

  test('wrong password, wrong token, bad point, refusals at each step: the same to the byte, without a cause', async () => {
    // A card with another password: its keys are good, its nonce decrypts to something, and it refuses the token.
    const stranger = answeringCard([...ecdh.apdus.slice(0, 4).map((each) => each.response), '6300'])
    const wrongPassword = await performPace(stranger, {
      selection: ecdh.selection,
      password: dh.password(),
      random: cam.random(),
    }).catch((error: unknown) => error)
    expect(stranger.commands).toHaveLength(5)
    // A terminal with another password whose card does not refuse.
    const lenient = answeringCard(ecdh.apdus.map((each) => each.response))
    const wrongCard = await performPace(lenient, { selection: ecdh.selection, password: cam.password(), random: cam.random() }).catch(
      (error: unknown) => error,
    )
    const flipped = ecdh.negatives.find((each) => each.expected.accepted === false && each.input.tIc !== undefined)!
    const errors = [
      wrongPassword,
      wrongCard,
      (await runWith('pace-ecdh-gm-aes128', { 4: dynamicData([0x86, `${flipped.input.tIc}`]) })).error,
      (await runWith('pace-ecdh-gm-aes128', { 2: dynamicData([0x82, badPoints[0]![1]]) })).error,
      (await runWith('pace-ecdh-gm-aes128', { 3: dynamicData([0x84, badPoints[1]![1]]) })).error,
      (await runWith('pace-ecdh-gm-aes128', { 3: dynamicData([0x84, agreement.terminalPublicKey!]) })).error,
      (await runWith('pace-ecdh-gm-aes128', { 1: dynamicData([0x81, '00']) })).error,
      (await refusedAt(2, '6a80')).error,
      (await refusedAt(3, '6300')).error,
      (await refusedAt(4, '6300')).error,
      (await refusedAt(4, '6982')).error,
      (await runWith('pace-dh-gm-aes128', { 2: dynamicData([0x82, badIntegers[2]![1]]) })).error,
      (await runWith('pace-cam-aes128', { 4: dynamicData([0x86, `${cam.expected.tIc}`]) })).error,
    ]
    const shown = errors.map((error) => {
      expect(error).toBeInstanceOf(AuthenticationError)
      const { name, message, code, protocol, sw, cause } = error as AuthenticationError
      return JSON.stringify({ name, message, code, protocol, sw: sw ?? null, cause: cause ?? null })
    })
    expect(new Set(shown)).toEqual(
      new Set([
        JSON.stringify({ name: 'AuthenticationError', message: refusal, code: 'authentication', protocol: 'PACE', sw: null, cause: null }),
      ]),
    )
  })

  test('each bit of the card’s token counts', async () => {
    const token = fromHex(`${ecdh.expected.tIc}`)
    for (let bit = 0; bit < 64; bit += 7) {
      const wrong = token.slice()
      wrong[bit >> 3]! ^= 1 << (bit & 7)
      await expectRefused('pace-ecdh-gm-aes128', { 4: dynamicData([0x86, toHex(wrong)]) }, 0)
    }
    // The terminal's own token reflected is not the card's.
    await expectRefused('pace-ecdh-gm-aes128', { 4: dynamicData([0x86, `${ecdh.expected.tIfd}`]) }, 0)
  })

  test('the tries left, which the card tells everybody, stay; a refused nonce says why; a broken link stays what it is', async () => {
    for (const sw of ['63c2', '6983']) {
      const { error } = await refusedAt(4, sw)
      expect(error).toMatchObject({ code: 'authentication', message: refusal, sw: Number.parseInt(sw, 16) })
    }
    const { error } = await refusedAt(1, '6985')
    expect(error).toBeInstanceOf(StatusWordError)
    expect(error).toMatchObject({ sw: 0x6985 })
    const broken = { transmit: () => Promise.reject(new TransportError('the link broke', { reached: 'maybe' })) }
    await expect(performPace(broken, { selection: ecdh.selection, password: ecdh.password() })).rejects.toBeInstanceOf(TransportError)
  })

  test('no error shows a secret of the run', async () => {
    const { error } = await runWith('pace-ecdh-gm-aes128', { 4: dynamicData([0x86, '00'.repeat(8)]) })
    const shown = inspect(error, { showHidden: true, depth: 9 }).toLowerCase()
    const secrets = [
      ecdh.expected.kPi,
      ecdh.input.nonce,
      ecdh.expected.ksEnc,
      ecdh.expected.ksMac,
      ecdh.expected.tIc,
      agreement.sharedSecretX,
    ]
    for (const secret of secrets) expect(shown).not.toContain(`${secret}`)
    expect(shown).not.toContain('t22000129')
  })

  test('ephemeral keys are the terminal’s own: fresh in each run', async () => {
    const seen = new Set<string>()
    for (let i = 0; i < 3; i++) {
      const card = answeringCard([...ecdh.apdus.slice(0, 4).map((each) => each.response), '6300'])
      await performPace(card, { selection: ecdh.selection, password: ecdh.password() }).catch(() => undefined)
      seen.add(card.commands[2]!)
      seen.add(card.commands[3]!)
    }
    expect(seen.size).toBe(6)
  })

  test('secrets of a run are erased, whether it ends well or not', async () => {
    for (const answers of [{}, { 4: dynamicData([0x86, '00'.repeat(8)]) }]) {
      const password = ecdh.password()
      const keys: Uint8Array[] = []
      const derive = password.deriveKey.bind(password)
      password.deriveKey = (cipher) => {
        const key = derive(cipher)
        keys.push(key)
        return key
      }
      await performPace(ecdh.card(answers), { selection: ecdh.selection, password, random: ecdh.random() }).catch(() => undefined)
      expect(keys.map(toHex)).toEqual(['00'.repeat(16)])
    }
  })
})

describe('P10 chip authentication mapping', () => {
  const group = agreementGroup('brainpoolP256r1')
  const token = `${cam.expected.tIc}`
  const encrypted = `${cam.input.encryptedChipAuthenticationData}`

  test.each([
    ['data missing', dynamicData([0x86, token])],
    ['data under 8B', dynamicData([0x86, token], [0x8b, encrypted])],
    ['data in front of the token', dynamicData([0x8a, encrypted], [0x86, token])],
    ['empty data', dynamicData([0x86, token], [0x8a, ''])],
    ['data that are no whole blocks', dynamicData([0x86, token], [0x8a, encrypted.slice(2)])],
    ['data with a byte of padding destroyed', dynamicData([0x86, token], [0x8a, `${encrypted.slice(0, 62)}00${encrypted.slice(64)}`])],
    ['data that decrypt to no padding', dynamicData([0x86, token], [0x8a, '00'.repeat(48)])],
    ['data in a constructed object', dynamicData([0x86, token], [0xaa, `0430${encrypted}`])],
  ])('%s: refused, no session', async (_what, answer) => {
    await expectRefused('pace-cam-aes128', { 4: answer }, 0)
  })

  test('the token is checked before anything is decrypted', async () => {
    const wrong = toHex(authenticationToken(cam.selection.protocol, new Uint8Array(16), group.generator))
    await expectRefused('pace-cam-aes128', { 4: dynamicData([0x86, wrong], [0x8a, encrypted]) }, 0)
  })

  const evidence = (chipAuthenticationData: Uint8Array, mappingPublicKey: unknown) => ({
    group: 'brainpoolP256r1' as const,
    keyId: 13,
    chipAuthenticationData,
    mappingPublicKey: hexField(mappingPublicKey),
  })

  test('another static key in EF.CardSecurity (row 2), and data with a bit flipped (row 3): the chip is not authentic', () => {
    const [otherKey, flipped] = [cam.negatives[0]!.input, cam.negatives[1]!.input]
    expect(
      verifyChipAuthenticationMapping(
        evidence(hexField(otherKey.caIc), otherKey.mappingChipPublicKey),
        hexField(otherKey.chipStaticPublicKey),
      ),
    ).toBe(false)
    const data = decryptChipAuthenticationData(group, hexField(flipped.ksEnc), hexField(flipped.encryptedChipAuthenticationData))
    expect(verifyChipAuthenticationMapping(evidence(data, flipped.mappingChipPublicKey), hexField(flipped.chipStaticPublicKey))).toBe(false)
  })

  test('a static key that is no key, and data of zero: false, not an error', () => {
    const good = evidence(hexField((cam.expected.chipAuthentication as Values).caIc), cam.input.mappingChipPublicKey)
    const key = hexField(cam.input.chipStaticPublicKey)
    expect(verifyChipAuthenticationMapping(good, key)).toBe(true)
    for (const wrong of [key.slice(1), concatBytes(key, Uint8Array.of(0)), fromHex(offCurve(toHex(key))), new Uint8Array(0)])
      expect(verifyChipAuthenticationMapping(good, wrong)).toBe(false)
    expect(verifyChipAuthenticationMapping({ ...good, chipAuthenticationData: new Uint8Array(32) }, key)).toBe(false)
  })
})
