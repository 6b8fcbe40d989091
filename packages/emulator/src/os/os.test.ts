import { fromHex, toHex } from '@kart/codec'
import {
  type AccessRule,
  type ApplicationSpec,
  all,
  always,
  any,
  type CardProfile,
  channel,
  nationalId,
  never,
  terminalRight,
} from '@kart/layout/profile'
import { beforeEach, describe, expect, it } from 'vitest'
import { createBlankCard, testTransportKeys } from '../blank-card.ts'
import { EmulatedCard } from '../emulated-card.ts'
import { inMemory } from '../memory/card-memory.ts'
import { blankCard, emrtdAid, files, iccSerial, isdAid, personalize, selectAid, sendHex } from '../testing/terminal.ts'
import { loadGroups } from '../testing/vectors.ts'
import { type AccessRights, isAllowed } from './access.ts'
import { readClass } from './class-byte.ts'

let card: EmulatedCard

beforeEach(() => {
  card = blankCard()
  personalize(card)
  card.reset()
})

const table = (rows: readonly (readonly [command: string, answer: string, why: string])[]): void => {
  for (const [command, answer, why] of rows) expect([why, command, sendHex(card, command)]).toEqual([why, command, answer])
}

const dirHex = toHex(files.dir)
const emrtdFci = '6f098407a00000024710019000'
const isdFci = '6f118408a000000151000000a5059f6502fff69000'
const pkcs15Fci = '6f2581020000820138830250158603000fff850200008a0101840ca000000063504b43532d31359000'

describe('SELECT', () => {
  it('finds applications by name, by the start of a name, and one after another', () =>
    table([
      ['00a4040007a000000247100100', emrtdFci, 'full AID, FCI'],
      ['00a4040007a0000002471001', '9000', 'no Le, so no FCI'],
      ['00a4040c07a0000002471001', '9000', 'P2 0C'],
      ['00a4040407a000000247100100', '620f8201388407a00000024710018a01039000', 'FCP'],
      ['00a4040005a00000000200', '6a82', 'a start of no AID'],
      ['00a4040003a0000000', emrtdFci, 'the first of three'],
      ['00a4040203a0000000', isdFci, 'the next of three'],
      ['00a4040203a0000000', pkcs15Fci, 'the last of three'],
      ['00a4040203a0000000', '6a82', 'no fourth'],
      ['00a4040000', isdFci, 'the empty name is the issuer security domain'],
      ['00a4040008a00000015100000000', isdFci, 'the security domain by name'],
      ['00a404000ca000000063504b43532d313500', pkcs15Fci, 'the PKCS#15 application, empty as yet, in creation'],
      ['00a4040011a00000024710010000000000000000000000', '6700', 'a name of 17 bytes'],
      ['00a4040100', '6a86', 'last occurrence'],
      ['00a4040800', '6a86', 'FMD'],
      ['00a4050000', '6a86', 'unknown P1'],
    ]))

  it('finds files under the MF, which is current after reset', () =>
    table([
      ['00a4020c022f00', '9000', 'EF under the current DF'],
      ['00b0000000', `${dirHex}9000`, 'and reads it'],
      ['00a4000c022f00', '9000', 'P1 00'],
      ['00a40004022f0000', '62118002002882010183022f008801f08a01019000', 'FCP'],
      ['00a40000022f0000', '6f118002002882010183022f008801f08a01019000', 'FCI'],
      ['00a4080c022f00', '9000', 'path from the MF'],
      ['00a4080c043f002f00', '9000', 'the same, with the MF’s identifier before'],
      ['00a4090c022f00', '9000', 'path from the current DF'],
      ['00a4080c042f002f01', '6a82', 'nothing under an EF'],
      ['00a4080c032f0000', '6700', 'half an identifier'],
      ['00a4020c022f01', '6a82', 'not personalized'],
      ['00a4020c022fff', '6a82', 'unknown'],
      ['00a4020c032f0000', '6700', 'three bytes'],
      ['00a4000c', '9000', 'the MF by no identifier'],
      ['00a4000c023f00', '9000', 'the MF'],
      ['00a4030c', '9000', 'the parent'],
      ['00a4010c024000', '6a82', 'no such DF'],
      [selectAid(emrtdAid), '9000', 'in the eMRTD application'],
      ['00a4020c022f00', '6a82', 'the MF’s files are not under it'],
      ['00a4080c022f00', '9000', 'a path reaches them'],
      ['00b0000004', `${dirHex.slice(0, 8)}9000`, 'and makes the MF current'],
    ]))
})

it('SELECT finds a DF by its name and by its file identifier, from the MF and in a path', () => {
  const aid = fromHex('a000000063504b43532d3135')
  const df: ApplicationSpec = {
    name: 'empty',
    title: 'A DF with nothing in it',
    aid,
    fid: 0x5015,
    files: [],
    clause: 'ISO/IEC 7816-4:2020, 7.2',
  }
  const profile: CardProfile = { ...nationalId, applications: [...nationalId.applications, df] }
  card = createBlankCard({ memory: inMemory(), profile, transportKeys: testTransportKeys, iccSerial })
  table([
    ['00a404000ca000000063504b43532d313500', pkcs15Fci, 'by name, FCI'],
    ['00ca01a114', '9000', 'it lists no file'],
    ['00ca01a214', '6a88', 'it has no such data object'],
    ['00a40000023f0000', '6f0a82013883023f008a01019000', 'the MF'],
    ['00a4000002501500', pkcs15Fci, 'by identifier'],
    ['00a4010c025015', '9000', 'as a child DF'],
    ['00a4080c025015', '9000', 'by path'],
    ['00a4080c0450152f00', '6a82', 'nothing in it'],
  ])
})

describe('READ BINARY', () => {
  it('keeps to the file’s ends', () =>
    table([
      ['00b0000004', '6986', 'no current file'],
      ['00b09e0004', `${dirHex.slice(0, 8)}9000`, 'by short identifier'],
      ['00b0002400', `${dirHex.slice(72)}9000`, 'the rest, Le 00'],
      ['00b0002404', `${dirHex.slice(72)}9000`, 'the rest exactly'],
      ['00b0002405', `${dirHex.slice(72)}6282`, 'one more than is left'],
      ['00b0002804', '6b00', 'offset = length'],
      ['00b07fff04', '6b00', 'far beyond'],
      ['00b00000', '6700', 'no Le'],
      ['00b09d0004', '6982', 'a short identifier that PACE opens'],
      ['00b09b0004', '6a82', 'unknown short identifier'],
      ['00b0be0004', '6a86', 'bits 7 and 6 of P1 set'],
      ['00b100000354012400', `5304${dirHex.slice(72)}9000`, 'DO 54, current file'],
      ['00b12f000354012406', `5304${dirHex.slice(72)}9000`, 'DO 54, file identifier, Le exact'],
      ['00b1001e045402002407', `5304${dirHex.slice(72)}6282`, 'DO 54, short identifier, Le past the end'],
      ['00b100000354012800', '6b00', 'DO 54 at the end'],
      ['00b100000355012400', '6a80', 'another object'],
      ['00b1000002540000', '6a80', 'DO 54 empty'],
      ['00b100000354012402', '6700', 'Le that holds no data'],
      ['00b0000000000a', `${dirHex.slice(0, 20)}9000`, 'extended Le'],
      ['00b00000000029', `${dirHex}6282`, 'extended Le past the end'],
      ['00b000000100', '6700', 'a data field'],
    ]))
})

describe('class, instruction, length', () => {
  it('refuses what it does not know by the right status word', () =>
    table([
      ['01a4020c022f00', '6881', 'channel 1'],
      ['41a4020c022f00', '6881', 'channel 5'],
      ['c0a4020c022f00', '6881', 'GlobalPlatform channel 4'],
      ['20a4020c022f00', '6e00', 'reserved class'],
      ['ffa4020c022f00', '6e00', 'invalid class'],
      ['08b0000004', '6882', 'secure messaging without header'],
      ['80ca9f7f00', '6e00', 'GlobalPlatform class in the MF'],
      ['0012000000', '6d00', 'unknown instruction'],
      ['0020000100', '6a88', 'VERIFY: no PIN on this card'],
      ['008800000801020304050607080a', '6d00', 'INTERNAL AUTHENTICATE outside an application with keys'],
      ['0070000001', '6881', 'MANAGE CHANNEL: open'],
      ['0070800100', '6881', 'MANAGE CHANNEL: close'],
      ['0370000001', '6881', 'MANAGE CHANNEL on channel 3'],
      ['1ca4040c00', '6988', 'a chained link in secure messaging that is not there'],
      ['00c0000000', '6d00', 'GET RESPONSE with nothing waiting'],
      ['00', '6700', 'one byte'],
      ['00b00000050102', '6700', 'Lc too long'],
      ['9ca4020c022f00', '6e00', 'chaining under a GlobalPlatform class with ISO secure messaging'],
    ]))

  const groups = loadGroups('apdu-tlv-atr/apdu.json')
  const rowsOf = (name: string) => groups.find((group) => group.name === name)?.tests ?? []

  it.each(rowsOf('malformed').filter(({ result }) => result === 'invalid'))('answers 6700 to malformed APDU $id $comment', ({ input }) => {
    expect(toHex(card.process(fromHex(input.hex!)))).toBe('6700')
  })

  it.each(rowsOf('class-byte'))('reads class byte $input.cla', ({ input, expected }) => {
    const row = expected as unknown as { channel?: number; sm?: string; chaining?: boolean; proprietary?: boolean; invalid?: boolean }
    const read = () => readClass(Number.parseInt(input.cla!, 16))
    const refusal = (sw: number) => expect.objectContaining({ sw })
    if (row.proprietary) expect(read()).toMatchObject({ base: 0x80 })
    else if (row.invalid) expect(read).toThrowError(refusal(0x6e00))
    else if (row.channel !== 0) expect(read).toThrowError(refusal(0x6881))
    else if (row.sm === 'iso') expect(read).toThrowError(refusal(0x6882))
    else if (row.sm === 'proprietary' && row.chaining) expect(read).toThrowError(refusal(0x6884))
    else {
      const secure = row.sm === 'none' ? 'none' : row.sm === 'proprietary' ? 'scp03' : 'messaging'
      expect(read()).toEqual({ base: 0x00, secure, chained: row.chaining })
    }
  })

  it('takes a longest command and refuses one byte more', () => {
    const longest = new Uint8Array(nationalId.maxCommandLength)
    longest.set(fromHex('0012000000fff8'))
    expect(toHex(card.process(longest))).toBe('6d00')
    const longer = new Uint8Array(nationalId.maxCommandLength + 1)
    longer.set(fromHex('0012000000fff9'))
    expect(toHex(card.process(longer))).toBe('6700')
  })
})

describe('GET RESPONSE and 6Cxx', () => {
  it('keeps what did not fit for GET RESPONSE, once', () =>
    table([
      ['00a4040008a00000015100000005', '6f118408a0610e', 'five bytes of nineteen'],
      ['00c0000005', '00000151006109', 'five more'],
      ['00c0000000', '0000a5059f6502fff69000', 'the rest'],
      ['00c0000000', '6d00', 'nothing waits'],
      ['00a4040008a00000015100000005', '6f118408a0610e', 'again'],
      ['00a4020c022f00', '6a82', 'another command'],
      ['00c0000000', '6d00', 'has let the rest go'],
      [selectAid(isdAid), '9000', ''],
      ['80ca9f7f01', '6c2d', 'GET DATA: the right Le'],
      ['80ca004500', `450a${toHex(iccSerial)}9000`, 'GET DATA'],
    ]))
})

describe('command chaining', () => {
  it('puts links together and refuses a foreign one in between', () =>
    table([
      ['10a4040c02a000', '9000', 'first link'],
      ['10a4040c020002', '9000', 'second'],
      ['00a4040c03471001', '9000', 'last'],
      ['00b0810004', '6982', 'the eMRTD application is current'],
      ['10a4040c02a000', '9000', 'a chain'],
      ['00b0000004', '6883', 'broken off by another command'],
      ['00a4040c00', '9000', 'and forgotten: this is the empty name'],
      ['90e2880000', '6884', 'no chaining of GlobalPlatform commands'],
      ['14a4040c00', '6884', 'nor under a secure channel'],
    ]))

  it('P16 takes what is 255, 256 or 65535 bytes long, in one command or in links, and nothing longer', () => {
    // DO'54' with an offset of 8, in a length field longer than it need be: data of any size for READ BINARY of the odd instruction.
    const data = (size: number): string => `5484${(size - 6).toString(16).padStart(8, '0')}${'00'.repeat(size - 6)}`
    const links = (hex: string, le: string): string => {
      const bytes = fromHex(hex)
      for (let at = 0; bytes.length - at > 255; at += 255)
        expect(sendHex(card, `10b12f00ff${toHex(bytes.subarray(at, at + 255))}`)).toBe('9000')
      const rest = bytes.subarray(bytes.length - (bytes.length % 255 || 255))
      return sendHex(card, `00b12f00${rest.length.toString(16).padStart(2, '0')}${toHex(rest)}${le}`)
    }
    const whole = (hex: string): string => sendHex(card, `00b12f0000${(hex.length / 2).toString(16).padStart(4, '0')}${hex}0000`)
    // An offset of more than four bytes is no offset: the whole was taken and then refused as data.
    for (const size of [255, 256, 257, 65000]) expect([size, links(data(size), '00'), whole(data(size))]).toEqual([size, '6a80', '6a80'])
    expect(links('540108', '04')).toBe(`5302${dirHex.slice(16, 20)}9000`)
    expect(links(data(65535), '00')).toBe('6a80')
    const last = `10b12f00ff${'00'.repeat(255)}`
    for (let i = 0; i < 257; i++) expect(sendHex(card, last)).toBe('9000')
    expect(sendHex(card, '00b12f00010000')).toBe('6700')
    expect(links('540108', '04')).toBe(`5302${dirHex.slice(16, 20)}9000`)
  })

  it('bounds the whole', () => {
    const bytes = fromHex(`10a4040c00ea60${'00'.repeat(60000)}`)
    expect(toHex(card.process(bytes))).toBe('9000')
    expect(toHex(card.process(bytes))).toBe('6700')
  })
})

describe('power', () => {
  it('forgets the session at reset, and is mute without power', () => {
    sendHex(card, selectAid(emrtdAid))
    card.reset()
    expect(sendHex(card, '00a4020c022f00')).toBe('9000')
    card.powerOff()
    expect(sendHex(card, '00a4020c022f00')).toBe('6f00')
    card.powerOn()
    expect(sendHex(card, '00b0000004')).toBe('6986')
  })

  it('answers through a transport until it is closed', async () => {
    const transport = card.transport()
    expect(transport.atr).toEqual(nationalId.atr)
    expect(toHex(await transport.transceive(fromHex('00a4020c022f00')))).toBe('9000')
    await transport.close()
    await transport.close()
    await expect(transport.transceive(fromHex('00a4020c022f00'))).rejects.toMatchObject({ code: 'transport' })
  })

  it('answers 6F00 and forgets the session when something inside fails', () => {
    const failing = blankCard(inMemory(), () => {
      throw new Error('no entropy')
    })
    personalize(failing)
    sendHex(failing, selectAid(emrtdAid))
    expect(sendHex(failing, '0084000008')).toBe('6f00')
    expect(sendHex(failing, '008800000801020304050607080a')).toBe('6d00') // the MF is current again
  })

  it('runs only under the profile that made it', () => {
    const memory = inMemory()
    blankCard(memory)
    expect(() => new EmulatedCard({ memory, profile: { ...nationalId, version: 99 } })).toThrowError(
      /version 3, not national-id version 99/,
    )
    expect(() => new EmulatedCard({ memory: inMemory() })).toThrowError(/holds no card/)
    expect(() => blankCard(memory)).toThrowError(/holds a card already/)
  })
})

it('evaluates access rules', () => {
  const bac = channel('bac')
  const pace = channel('pace')
  const open: AccessRights = {
    channels: new Set(['bac'] as const),
    terminalRights: new Set(['read-dg4'] as const),
    passwords: new Set([2]),
    fingers: new Set([0x97]),
  }
  const rows: readonly (readonly [AccessRule, boolean])[] = [
    [always, true],
    [never, false],
    [bac, true],
    [pace, false],
    [any(pace, bac), true],
    [all(pace, bac), false],
    [all(bac, always), true],
    [any(), false],
    [{ kind: 'password', reference: 1 }, false],
    [{ kind: 'password', reference: 2 }, true],
    [terminalRight('read-dg3'), false],
    [terminalRight('read-dg4'), true],
    [all(bac, terminalRight('read-dg4')), true],
    [{ kind: 'biometric', reference: 0x96 }, false],
    [{ kind: 'biometric', reference: 0x97 }, true],
    [all({ kind: 'password', reference: 2 }, { kind: 'biometric', reference: 0x97 }), true],
    [all({ kind: 'password', reference: 1 }, { kind: 'biometric', reference: 0x97 }), false],
    [any({ kind: 'password', reference: 1 }, { kind: 'biometric', reference: 0x97 }), true],
  ]
  for (const [rule, expected] of rows) expect([rule, isAllowed(rule, open)]).toEqual([rule, expected])
})
