import { inspect } from 'node:util'
import type { CommandApdu, ResponseApdu } from '@kart/apdu/host'
import { encodeCommand } from '@kart/apdu/host'
import { concatBytes, decodeTlvList, encodeTlv, fromHex, InputError, toHex } from '@kart/codec'
import { padMethod2, useBackend } from '@kart/crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EmrtdSession, SecureMessagingError, start3desSession, startAesSession } from '../index.ts'
import {
  at,
  cardAnswer,
  group,
  ksEnc,
  ksMac,
  negatives,
  read,
  readAnswer,
  select,
  selectAnswer,
  waiting,
} from '../testing/messaging-example.ts'
import { command, commandHex, hexField, response, responseHex, vectorGroups } from '../testing/vector-file.ts'
import { aesSuite, tripleDesSuite } from './cipher-suite.ts'

beforeAll(() => {
  useBackend('noble')
})
afterAll(() => {
  useBackend('auto')
})

function failure(session: EmrtdSession, answer: ResponseApdu): string {
  try {
    session.open(answer)
  } catch (error) {
    expect(error).toBeInstanceOf(SecureMessagingError)
    expect((error as Error).cause).toBeUndefined()
    expect(session.isOver).toBe(true)
    expect(() => session.protect(command('00b0000004'))).toThrow(SecureMessagingError)
    return (error as Error).message
  }
  return 'opened'
}

describe('triple DES: Doc 9303-11, Appendix D.4', () => {
  test('commands and responses, one session through all of them', () => {
    const session = at(group.sscInitial)
    for (let i = 0; i < 6; i += 2) {
      const [out, back] = [group.tests[i], group.tests[i + 1]]
      expect(commandHex(session.protect(command(out?.input.plain)))).toBe(out?.expected.protected)
      expect(responseHex(session.open(response(back?.input.protected)))).toBe(back?.expected.plain)
    }
  })

  test('the parts: header, DO’87’, DO’97’, MAC input, MAC', () => {
    for (const row of group.tests.filter(({ expected }) => expected.nPadded !== undefined)) {
      const protectedApdu = at(row.input.sscBefore).protect(command(row.input.plain))
      const objects = decodeTlvList(protectedApdu.data, { constructed: false })
      const object = (tag: number) => {
        const found = objects.find((candidate) => candidate.tag === tag)
        return found ? toHex(encodeTlv(found.tag, found.value)) : ''
      }
      expect(object(0x87)).toBe(row.expected.do87)
      expect(object(0x97)).toBe(row.expected.do97)
      expect(object(0x8e)).toBe(row.expected.do8e)
      expect(toHex(tripleDesSuite.mac(ksMac, hexField(row.expected.nPadded)))).toBe(row.expected.cc)
      expect(toHex(padMethod2(hexField(row.expected.n), 8))).toBe(row.expected.nPadded)
    }
  })

  test.each(negatives)('$comment', (row) => {
    const session = at('0'.repeat(16))
    const ready = at(row.input.sscBefore)
    // The vector names the counter before the response: a command first would step it, so the session starts one earlier.
    const before = hexField(row.input.sscBefore)
    before[7]! -= 1
    const late = at(toHex(before))
    late.protect(command('00b0000004'))
    expect(failure(late, response(row.input.protected))).not.toBe('opened')
    expect(failure(ready, response(row.input.protected))).not.toBe('opened') // nothing was asked
    expect(failure(session, response(row.input.protected))).not.toBe('opened')
  })
})

describe('AES (self-made vectors: two other programs agree on them)', () => {
  test.each(vectorGroups('pace/sm-aes.json').map((g) => [g.cipher, g] as const))('%s', (_name, g) => {
    const keys = { ksEnc: hexField(g.ksEnc), ksMac: hexField(g.ksMac) }
    const session = startAesSession({ ...keys, ssc: new Uint8Array(16) })
    for (const row of g.tests) {
      const { plain, sscBefore } = row.input
      const { protected: coded, iv, ssc, macInput, cc } = row.expected
      expect(toHex(aesSuite.iv(keys.ksEnc, hexField(ssc)))).toBe(iv)
      if (macInput !== undefined) {
        expect(toHex(aesSuite.mac(keys.ksMac, hexField(macInput)))).toBe(cc)
        const fresh = startAesSession({ ...keys, ssc: hexField(sscBefore) })
        expect(commandHex(fresh.protect(command(plain)))).toBe(coded)
      } else {
        const before = hexField(sscBefore)
        before[15]! -= 1
        const fresh = startAesSession({ ...keys, ssc: before })
        fresh.protect(command('00b0000004'))
        expect(responseHex(fresh.open(response(coded)))).toBe(plain)
      }
    }
    const answers = g.tests.filter(({ expected }) => expected.macInput === undefined)
    const commands = g.tests.filter(({ expected }) => expected.macInput !== undefined)
    commands.forEach((row, i) => {
      expect(commandHex(session.protect(command(row.input.plain)))).toBe(row.expected.protected)
      expect(responseHex(session.open(response(answers[i]?.expected.protected)))).toBe(answers[i]?.input.plain)
    })
  })
})

const answerSsc = hexField(readAnswer?.expected.ssc)
const sealed = (objects: Uint8Array) => cardAnswer(tripleDesSuite, ksMac, answerSsc, objects)
const cryptogram = (padded: string) => tripleDesSuite.encrypt(ksEnc, new Uint8Array(8), fromHex(padded))
const status = fromHex('99029000')
const goodPadding = '60145f0180000000'
const genuine = response(readAnswer?.input.protected)

test('the test’s own card makes the genuine answer', () => {
  expect(toHex(sealed(concatBytes(encodeTlv(0x87, [Uint8Array.of(1), cryptogram(goodPadding)]), status)))).toBe(toHex(genuine.data))
})

describe('P01 P02 P03 P04 answers that do not hold', () => {
  const ok = (data: Uint8Array, sw = 0x9000): ResponseApdu => ({ data, sw })
  const do87 = encodeTlv(0x87, [Uint8Array.of(1), cryptogram(goodPadding)])
  const flipped = (offset: number) => {
    const data = genuine.data.slice()
    data[offset]! ^= 1
    return ok(data)
  }
  /** 8E 81 08 and the MAC, made so that it would hold if the ten last bytes were taken for the object without a look. */
  const longMacObject = () => {
    const covered = concatBytes(do87, status, Uint8Array.of(0x8e))
    const mac = tripleDesSuite.mac(ksMac, padMethod2(concatBytes(answerSsc, covered), 8))
    return concatBytes(covered, Uint8Array.of(0x81, 8), mac)
  }
  const rows: [string, ResponseApdu][] = [
    ['P01 no protection at all, 9000', ok(new Uint8Array(0))],
    ['P01 no protection at all, 6982', ok(new Uint8Array(0), 0x6982)],
    ['P01 6987', ok(new Uint8Array(0), 0x6987)],
    ['P01 6988', ok(new Uint8Array(0), 0x6988)],
    ['P01 plain data', ok(fromHex('60145f01'))],
    ['P02 MAC object missing', ok(concatBytes(do87, status))],
    ['P02 MAC wrong', flipped(genuine.data.length - 1)],
    ['P02 MAC cut to four bytes', ok(concatBytes(do87, status, encodeTlv(0x8e, genuine.data.slice(-8, -4))))],
    ['P02 MAC empty', ok(concatBytes(do87, status, encodeTlv(0x8e)))],
    ['P02 status object missing, MAC over the rest valid', ok(sealed(do87))],
    ['P02 status object of three bytes', ok(sealed(concatBytes(do87, fromHex('9903900000'))))],
    ['P02 status object of three bytes that read 9000', ok(sealed(concatBytes(do87, fromHex('9903009000'))))],
    ['P02 status object says 6282, the wire 9000', ok(sealed(concatBytes(do87, fromHex('99026282'))))],
    ['P02 status object says 9000, the wire 6282', ok(genuine.data, 0x6282)],
    ['P02 cryptogram removed, the MAC that of the whole', ok(concatBytes(status, genuine.data.slice(-10)))],
    ['P02 cryptogram changed', flipped(6)],
    ['P02 cryptogram in DO85 after an even instruction', ok(sealed(concatBytes(encodeTlv(0x85, cryptogram(goodPadding)), status)))],
    ['P02 cryptogram with its indicator in DO85', ok(sealed(concatBytes(encodeTlv(0x85, do87.slice(2)), status)))],
    ['P02 cryptogram with its indicator in an unknown object', ok(sealed(concatBytes(encodeTlv(0x53, do87.slice(2)), status)))],
    ['P02 long length field in the MAC object, its first byte in the MAC', ok(longMacObject())],
    ['P02 plain value object', ok(sealed(concatBytes(fromHex('810460145f01'), status)))],
    ['P02 unknown object', ok(sealed(concatBytes(do87, status, fromHex('53010a'))))],
    ['P02 unknown object and no cryptogram', ok(sealed(concatBytes(fromHex('53010a'), status)))],
    ['P02 status object twice', ok(sealed(concatBytes(do87, status, status)))],
    ['P02 cryptogram twice', ok(sealed(concatBytes(do87, do87, status)))],
    ['P02 objects in another order', ok(sealed(concatBytes(status, do87)))],
    ['P02 MAC object twice', ok(concatBytes(genuine.data, genuine.data.slice(-10)))],
    ['P02 bytes after the MAC object', ok(concatBytes(genuine.data, Uint8Array.of(0)))],
    ['P02 zero bytes before', ok(concatBytes(Uint8Array.of(0), genuine.data))],
    ['P02 MAC object with a long length field', ok(concatBytes(genuine.data.slice(0, -10), fromHex('8e8108'), genuine.data.slice(-8)))],
    ['P02 broken TLV', ok(genuine.data.slice(0, 5))],
    ['P04 padding indicator 02', ok(sealed(concatBytes(encodeTlv(0x87, [Uint8Array.of(2), cryptogram(goodPadding)]), status)))],
    ['P04 padding indicator missing', ok(sealed(concatBytes(encodeTlv(0x87, cryptogram(goodPadding)), status)))],
    ['P04 cryptogram of half a block', ok(sealed(concatBytes(fromHex('870501aabbccdd'), status)))],
    ['P04 no cryptogram behind the indicator', ok(sealed(concatBytes(fromHex('870101'), status)))],
    ['P04 empty cryptogram object', ok(sealed(concatBytes(fromHex('8700'), status)))],
    ['P04 bad padding, valid MAC', ok(sealed(concatBytes(encodeTlv(0x87, [Uint8Array.of(1), cryptogram('60145f0181000000')]), status)))],
    [
      'P04 no padding at all, valid MAC',
      ok(sealed(concatBytes(encodeTlv(0x87, [Uint8Array.of(1), cryptogram('6014600000000000')]), status))),
    ],
    [
      'P04 bad padding, wrong MAC',
      ok(concatBytes(encodeTlv(0x87, [Uint8Array.of(1), cryptogram('60145f0181000000')]), status, genuine.data.slice(-10))),
    ],
    ['P03 the answer to the command before', response(selectAnswer?.input.protected)],
  ]

  test.each(rows)('%s', (_name, answer) => {
    expect(failure(waiting(), answer)).not.toBe('opened')
  })

  test('P04 all of them say the same words', () => {
    expect(new Set(rows.map(([, answer]) => failure(waiting(), answer))).size).toBe(1)
  })

  test('P04 the genuine answer opens, so that each row fails for what it names', () => {
    expect(responseHex(waiting().open(genuine))).toBe(readAnswer?.expected.plain)
  })

  test('P03 the genuine answer again, one step later', () => {
    const session = waiting()
    session.open(genuine)
    session.protect(command('00b0000004'))
    expect(failure(session, genuine)).not.toBe('opened')
  })

  test('P03 an answer nobody asked for, a command before the answer', () => {
    expect(failure(at(read?.input.sscBefore), genuine)).not.toBe('opened')
    const session = waiting()
    expect(() => session.protect(command('00b0000004'))).toThrow(SecureMessagingError)
    expect(failure(session, genuine)).not.toBe('opened')
  })

  test('P03 no two commands are protected alike: the counter is in the MAC', () => {
    const session = at(select?.input.sscBefore)
    const first = commandHex(session.protect(command('00b0000004')))
    session.destroy()
    const later = at(read?.input.sscBefore)
    expect(commandHex(later.protect(command('00b0000004')))).not.toBe(first)
  })

  test('P02 a flip of any bit of the answer, status word included, is refused', () => {
    const whole = hexField(readAnswer?.input.protected)
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const changed = whole.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const answer = { data: changed.slice(0, -2), sw: (changed[changed.length - 2]! << 8) | changed[changed.length - 1]! }
      expect([bit, failure(waiting(), answer)]).not.toEqual([bit, 'opened'])
    }
  })

  test('P02 no bytes make it throw anything else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (data) => failure(waiting(), { data, sw: 0x9000 }) !== 'opened'))
  })
})

describe('shapes of commands', () => {
  const body = (apdu: CommandApdu) =>
    decodeTlvList(apdu.data, { constructed: false }).map(({ tag, value }) => [tag.toString(16), toHex(value)])
  const protect = (plain: string | CommandApdu) => at(group.sscInitial).protect(typeof plain === 'string' ? command(plain) : plain)

  test('Le: none, short, 256, extended, 65536', () => {
    const le = (ne: number) =>
      body(protect({ cla: 0, ins: 0xb0, p1: 0, p2: 0, data: new Uint8Array(0), ne })).find(([tag]) => tag === '97')?.[1]
    expect([0, 1, 255, 256, 257, 65535, 65536].map(le)).toEqual([undefined, '01', 'ff', '00', '0101', 'ffff', '0000'])
  })

  test('the wire asks for 256 where command and answer fit, for 65536 where not', () => {
    const wire = (dataLength: number, ne: number) => protect({ cla: 0, ins: 0xb0, p1: 0, p2: 0, data: new Uint8Array(dataLength), ne }).ne
    expect(wire(0, 0)).toBe(256)
    expect(wire(0, 231)).toBe(256)
    expect(wire(0, 232)).toBe(65536)
    expect(wire(0, 256)).toBe(256)
    expect(wire(0, 257)).toBe(65536)
    expect(wire(231, 0)).toBe(256)
    expect(wire(240, 0)).toBe(65536)
  })

  test('an odd instruction: DO85 without indicator, both ways', () => {
    const session = at(read?.input.sscBefore)
    const out = body(session.protect(command('00b1000004540200ff00')))
    expect(out.map(([tag]) => tag)).toEqual(['85', '97', '8e'])
    expect(out[0]?.[1]).toBe(toHex(cryptogram('540200ff80000000')))
    const data = sealed(concatBytes(encodeTlv(0x85, cryptogram('5301aa8000000000')), status))
    expect(responseHex(session.open({ data, sw: 0x9000 }))).toBe('5301aa9000')
    const other = at(read?.input.sscBefore)
    other.protect(command('00b1000004540200ff00'))
    expect(failure(other, genuine)).not.toBe('opened')
  })

  test('class byte: 0C on channel 0, 0F on channel 3, chaining kept, 8C proprietary; one that is protected already is refused', () => {
    const cla = (value: number) => protect({ cla: value, ins: 0xb0, p1: 0, p2: 0, data: new Uint8Array(0), ne: 1 }).cla
    expect([0x00, 0x03, 0x10, 0x80].map(cla)).toEqual([0x0c, 0x0f, 0x1c, 0x8c])
    for (const value of [0x04, 0x08, 0x0c, 0x40, 0x20]) expect(() => cla(value)).toThrow(InputError)
  })

  test('a command with neither data nor Le: a MAC over counter and padded header, and no second padding', () => {
    const sent = protect('00440000')
    expect(body(sent).map(([tag]) => tag)).toEqual(['8e'])
    const input = concatBytes(hexField(select?.expected.ssc), fromHex('0c44000080000000'))
    expect(toHex(sent.data.slice(-8))).toBe(toHex(tripleDesSuite.mac(ksMac, input)))
  })

  test('a refused command ends the session', () => {
    const session = at(group.sscInitial)
    expect(() => session.protect({ cla: 0, ins: 0xd6, p1: 0, p2: 0, data: new Uint8Array(65535), ne: 0 })).toThrow(InputError)
    expect(session.isOver).toBe(true)
  })

  test.each([
    ['desede', 'short', 261, 258],
    ['desede', 'extended', 32767, 32767],
    ['aes', 'short', 261, 258],
    ['aes', 'extended', 32767, 32767],
  ] as const)('%s, %s: the largest plain data fit, one byte more does not', (cipher, _form, maxCommand, maxResponse) => {
    const session = () =>
      cipher === 'aes'
        ? startAesSession({ ksEnc, ksMac, ssc: new Uint8Array(16) })
        : start3desSession({ ksEnc, ksMac, ssc: new Uint8Array(8) })
    const ne = maxCommand > 261 ? 257 : 1
    const coded = (length: number) =>
      encodeCommand(session().protect({ cla: 0, ins: 0xd6, p1: 0, p2: 0, data: new Uint8Array(length), ne })).length
    const most = session().maxCommandData(maxCommand)
    expect(coded(most)).toBeLessThanOrEqual(maxCommand)
    expect(coded(most + 1)).toBeGreaterThan(maxCommand)
    const suite = cipher === 'aes' ? aesSuite : tripleDesSuite
    const answer = (length: number) => {
      const padded = padMethod2(new Uint8Array(length), suite.blockLength)
      return (
        cardAnswer(suite, ksMac, new Uint8Array(suite.blockLength), concatBytes(encodeTlv(0x87, [Uint8Array.of(1), padded]), status))
          .length + 2
      )
    }
    const mostBack = session().maxResponseData(maxResponse)
    expect(answer(mostBack)).toBeLessThanOrEqual(maxResponse)
    expect(answer(mostBack + 1)).toBeGreaterThan(maxResponse)
  })

  test('the published short-length maxima', () => {
    expect(at(group.sscInitial).maxResponseData(258)).toBe(231)
    expect(at(group.sscInitial).maxCommandData(10)).toBe(0)
  })

  test('the counter wraps', () => {
    const session = start3desSession({ ksEnc, ksMac, ssc: fromHex('ffffffffffffffff') })
    const zero = start3desSession({ ksEnc, ksMac, ssc: fromHex('0000000000000000') })
    const mac = (s: EmrtdSession) => toHex(s.protect(command('00b0000004')).data.slice(-8))
    const input = padMethod2(concatBytes(new Uint8Array(8), fromHex('0cb0000080000000970104')), 8)
    expect(mac(session)).toBe(toHex(tripleDesSuite.mac(ksMac, input)))
    expect(mac(zero)).not.toBe(toHex(tripleDesSuite.mac(ksMac, input)))
  })

  test('keys of the wrong length are refused', () => {
    expect(() => start3desSession({ ksEnc: ksEnc.slice(1), ksMac, ssc: new Uint8Array(8) })).toThrow(InputError)
    expect(() => start3desSession({ ksEnc, ksMac: ksMac.slice(1), ssc: new Uint8Array(8) })).toThrow(InputError)
    expect(() => start3desSession({ ksEnc, ksMac, ssc: new Uint8Array(16) })).toThrow(InputError)
    expect(() => startAesSession({ ksEnc, ksMac, ssc: new Uint8Array(8) })).toThrow(InputError)
  })
})

test('keys show in no inspection, no serialization and no error, and destroy is harmless when repeated', () => {
  const session = waiting()
  let shown = `${inspect(session, { showHidden: true, depth: 9 })} ${JSON.stringify(session)} ${session}`
  try {
    session.open({ data: new Uint8Array(0), sw: 0x9000 })
  } catch (error) {
    shown += inspect(error, { showHidden: true, depth: 9 })
  }
  for (const secret of [ksEnc, ksMac]) {
    expect(shown).not.toContain(toHex(secret))
    expect(shown).not.toContain([...secret.slice(0, 4)].join(', '))
  }
  session.destroy()
  expect(session.isOver).toBe(true)
})
