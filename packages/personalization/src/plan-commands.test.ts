import { createHash } from 'node:crypto'
import { encodeCommand } from '@kart/apdu/host'
import { concatBytes, DecodeError, encodeAscii, fromHex, InputError, toHex } from '@kart/codec'
import { type CardProfile, nationalId } from '@kart/layout'
import { describe, expect, it } from 'vitest'
import { blockSizeFor, generateChipKeyCommand, generateKeyCommand, planCommands, planSecuring } from './plan-commands.ts'
import { sampleCvc, sampleImage, somePoint } from './testing/sample-card.ts'

const accessKeys = { kEnc: new Uint8Array(16).fill(1), kMac: new Uint8Array(16).fill(2) }
const short: CardProfile = { ...nationalId, maxCommandLength: 261 }

/** What a card collects from a sequence of STORE DATA: DGI and value, after checking the sequence itself. */
function collect(commands: readonly { apdu: { ins: number; p1: number; p2: number; data: Uint8Array } }[]): Map<number, Uint8Array> {
  const groupings = new Map<number, Uint8Array>()
  const stores = commands.filter(({ apdu }) => apdu.ins === 0xe2)
  stores.forEach(({ apdu }, i) => {
    expect(apdu.p2).toBe(i & 0xff)
    expect(apdu.p1 & 0x88).toBe(i === stores.length - 1 ? 0x88 : 0x08)
  })
  let rest = concatBytes(...stores.map(({ apdu }) => apdu.data))
  while (rest.length > 0) {
    const long = rest[2] === 0xff
    const length = long ? rest[3]! * 256 + rest[4]! : rest[2]!
    const start = long ? 5 : 3
    groupings.set(rest[0]! * 256 + rest[1]!, rest.slice(start, start + length))
    rest = rest.slice(start + length)
  }
  return groupings
}

describe('planCommands', () => {
  it.each([
    ['extended length', sampleImage],
    ['short length', { ...sampleImage, profile: short }],
  ])('carries every file whole with %s', (_name, image) => {
    const steps = planCommands(image, { accessKeys })
    expect(steps.map((step) => step.name)).toEqual(['mf-files', 'application-files', 'access-keys', 'generate-key', 'generate-chip-keys'])
    const [mf, application, keys] = steps
    for (const [step, name] of [
      [mf!, 'mf'],
      [application!, 'emrtd'],
    ] as const) {
      const files = image.files.filter((file) => file.application === name)
      expect(step.files).toEqual(files)
      expect(step.bytes).toBe(files.reduce((sum, file) => sum + file.bytes.length, 0))
      expect(collect(step.commands)).toEqual(new Map(files.map((file) => [file.fid, file.bytes])))
    }
    const mrz = createHash('sha1').update('K00012345390051453603206').digest()
    expect(collect(keys!.commands)).toEqual(
      new Map([
        [0x8010, concatBytes(accessKeys.kEnc, accessKeys.kMac)],
        [0x8011, new Uint8Array(mrz)],
        [0x8012, encodeAscii('123456')],
        [0x8020, sampleCvc.cvca.certificate.raw],
        [0x8021, fromHex('020600030205')],
      ]),
    )
  })

  it('INSTALL [for personalization] names the eMRTD before its first file', () => {
    const [, application] = planCommands(sampleImage, { accessKeys })
    // 80 E6 20 00, Lc, two empty fields, AID, three empty fields, Le.
    expect(toHex(encodeCommand(application!.commands[0]!.apdu))).toBe('80e620000d000007a000000247100100000000')
  })

  it('under the secure channel no command is longer than the profile allows', () => {
    for (const profile of [nationalId, short]) {
      const commands = planCommands({ ...sampleImage, profile }, { accessKeys }).flatMap((step) => step.commands)
      for (const { apdu } of commands) {
        // SCP03: padding to a whole block with at least one byte, then a MAC of 8.
        const protectedLength = apdu.data.length + 16 - (apdu.data.length % 16) + 8
        expect(encodeCommand({ ...apdu, cla: 0x84, data: new Uint8Array(protectedLength) }).length).toBeLessThanOrEqual(
          profile.maxCommandLength,
        )
      }
    }
    expect(blockSizeFor(short)).toBe(239)
  })

  it('numbers blocks on from FF to 00', () => {
    const [, application] = planCommands(sampleImage, { accessKeys, blockSize: 16 })
    expect(application!.commands.length).toBeGreaterThan(40)
    const large = { ...sampleImage, files: [{ application: 'emrtd', name: 'EF.DG2', fid: 0x0102, bytes: new Uint8Array(16 * 300) }] }
    const [, many] = planCommands(large, { accessKeys, blockSize: 16 })
    expect(many!.commands).toHaveLength(1 + 301)
    expect(collect(many!.commands).get(0x0102)).toHaveLength(16 * 300)
  })

  it('puts the name of the file into every command that carries it', () => {
    const names = planCommands(sampleImage, { accessKeys }).flatMap((step) => step.commands.map((command) => command.name))
    for (const file of sampleImage.files) expect(names).toContain(`STORE DATA, ${file.name}`)
  })

  it('needs the access keys where the profile has BAC, and a block size that the profile allows', () => {
    expect(() => planCommands(sampleImage)).toThrow(InputError)
    const { pace: _pace, terminalAuthentication: _terminal, ...rest } = nationalId
    const image = { ...sampleImage, profile: { ...rest, bac: false }, passwords: {}, trustPoint: undefined }
    expect(planCommands(image).map((step) => step.name)).not.toContain('access-keys')
    expect(() => planCommands(sampleImage, { accessKeys, blockSize: 15 })).toThrow(InputError)
    expect(() => planCommands({ ...sampleImage, profile: short }, { accessKeys, blockSize: 240 })).toThrow(InputError)
  })
})

describe('generateChipKeyCommand', () => {
  const key = { keyId: 12, agreement: 'ECDH', parameterId: 12, ciphers: ['AES-128'], versions: [1] } as const
  const parse = (agreement: 'DH' | 'ECDH', hex: string) =>
    generateChipKeyCommand(nationalId, { ...key, agreement }).parse({ data: fromHex(hex), sw: 0x9000 })

  it('names the key and its domain parameters', () => {
    expect(toHex(encodeCommand(generateChipKeyCommand(nationalId, key).apdu))).toBe('80e28900058f14020c0c00')
  })

  it('takes the point, or the public value of DH, and not the other', () => {
    expect(toHex(parse('ECDH', '7f490486020401'))).toBe('0401')
    expect(toHex(parse('DH', '7f490484020305'))).toBe('0305')
    expect(() => parse('ECDH', '7f490484020305')).toThrow(DecodeError)
    expect(() => parse('DH', '7f490486020401')).toThrow(DecodeError)
  })
})

describe('generateKeyCommand', () => {
  const command = generateKeyCommand(nationalId)
  const parse = (hex: string) => command.parse({ data: fromHex(hex), sw: 0x9000 })

  it('names the curve and asks for an answer', () => {
    expect(toHex(encodeCommand(command.apdu))).toBe('80e28900048f15010100')
  })

  it('takes the point out of 7F49 { 86 }', () => {
    expect(parse(`7f49438641${toHex(somePoint)}`)).toEqual(somePoint)
  })

  it.each(['', '7f4900', '7f49028600', '7f494386', `7f4943864104${'00'.repeat(64)}00`, '8641', '7f4303860104'])(
    'refuses the answer %s',
    (hex) => {
      expect(() => parse(hex)).toThrow(DecodeError)
    },
  )
})

describe('planSecuring', () => {
  it('is SET STATUS of the card to SECURED', () => {
    expect(toHex(encodeCommand(planSecuring().commands[0]!.apdu))).toBe('80f0800f')
  })
})
