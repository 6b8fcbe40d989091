// What is sent to the whole card: lawful commands, in place or out of it, and those of the domain.
import { createHash } from 'node:crypto'
import { concatBytes, encodeTlv, fromHex, toHex } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { fingerprintAid, live, probe, verify as verifyFinger } from './finger-bench.ts'
import { change, createFileHex, padded, pins, pkcs15Aid, putPin, selectPkcs15, verify } from './holder-card.ts'
import type { Numbers } from './random-command.ts'
import { emrtdAid, grouping, isdAid, selectAid } from './terminal.ts'
import { peerPoint } from './whole-card.ts'

/** What the holder is made to sign. */
export const message = Buffer.from('what the holder signs', 'ascii')
const digest = createHash('sha256').update(message).digest('hex')
const choose = (template: string, fid: string): string => `002241${template}0a8001048102${fid}840100`
const { dgis } = nationalId
/** Plain commands, whole: what a terminal sends, in place or out of it. */
export const known: readonly string[] = [
  selectPkcs15,
  ...[emrtdAid, isdAid, fingerprintAid].map(selectAid),
  '00a4000c023f00',
  '00a4000c025015',
  '00a40800045015450100',
  '00a408000450154b0100',
  '00a4020c020101',
  '00a40000022f0000',
  ...[1, 2, 3].flatMap((reference) => [verify(reference, pins.auth), `0020000${reference}`]),
  verify(2, pins.sign),
  verify(3, pins.officer),
  '0020ff01',
  '002e0000',
  '002c0396',
  change(1, pins.auth, '850392'),
  change(2, pins.sign, '850392'),
  `002c000110${padded(pins.puk)}${padded('830592')}`,
  `002c020208${padded('830592')}`,
  choose('b6', '4b01'),
  choose('b6', '4b02'),
  choose('a4', '4b01'),
  choose('b8', '4b01'),
  `002a9e9a20${digest}00`,
  `0088000020${digest}00`,
  `0086000045${toHex(encodeTlv(0x7c, encodeTlv(0x85, peerPoint))).slice(0, 138)}00`,
  `0086000047${toHex(encodeTlv(0x7c, encodeTlv(0x85, peerPoint)))}00`,
  '00b0000000',
  '00b0810000',
  '00b0830000',
  '00b19c0003540100',
  '00d600000401020304',
  createFileHex('4502', 16),
  createFileHex('4b05', 256, { type: '22', access: '000fff' }),
  '00e40000',
  '0046000000',
  putPin(4, '271828'),
  '00da01e0080000000000000000',
  `004404000c${pkcs15Aid}`,
  '00ca018600',
  '00ca01a000',
  '00ca7f6100',
  '00cb3fff055c027f6100',
  '80ca9f7f00',
  '80ca00e000',
  '00c0000000',
  '0084000008',
  '0022c1a40f800a04007f0007020204020283010200',
  '10860000027c0000',
  '002281b60d830b4952435643413030303031',
  '0070000001',
  verifyFinger(0x96, probe(live.first)),
  verifyFinger(0x97, probe(live.stranger)),
  verifyFinger(0x96, fromHex('7f2e028100')),
  '00200096',
  '80f28002024f0000',
  '80f0800f',
  '80f080ff',
  '80e28800062f0003610102',
  '80d8008101ff',
  '80500000081122334455667788',
  '8482330010000102030405060708090a0b0c0d0e0f',
]
/** Where a terminal with a PIN, a finger or a channel stands before it does something; half of all sequences begin so. */
export const beginnings: readonly (readonly string[])[] = [
  [selectPkcs15, verify(1, pins.auth), choose('b6', '4b01'), `002a9e9a20${digest}00`],
  [selectPkcs15, verify(2, pins.sign), choose('b6', '4b02'), `002a9e9a20${digest}00`],
  [selectPkcs15, verify(1, pins.auth), choose('a4', '4b01'), `0086000047${toHex(encodeTlv(0x7c, encodeTlv(0x85, peerPoint)))}00`],
  [selectPkcs15, verify(1, pins.auth), '00a40800045015450100', '00b0000000'],
  [selectPkcs15, verify(3, pins.officer), '00a40800045015430100'],
  [selectPkcs15, verify(3, pins.officer), '002c0396'],
  [selectAid(emrtdAid), '00b0810000'],
  [selectAid(fingerprintAid), verifyFinger(0x96, probe(live.first))],
  [selectPkcs15],
]
export const firstBytes = [0x00, 0x10, 0x80, 0x84, 0x0c, 0x1c, 0x04, 0xa0, 0xff] as const
/** Commands of the domain, header and data, as they go inside its channel. */
export const ofDomain = (next: Numbers): readonly [string, Uint8Array] => {
  const bytes = (most: number): Uint8Array => Uint8Array.from({ length: next(most) }, () => next(256))
  const aid = fromHex([pkcs15Aid, emrtdAid, isdAid, fingerprintAid, 'a0000000000001'][next(5)]!)
  switch (next(8)) {
    case 0:
      return ['80e62000', concatBytes(fromHex('0000'), Uint8Array.of(aid.length), aid, fromHex('000000'))]
    case 1:
      return ['80e62000', bytes(24)]
    case 2: {
      const status = next(6) === 0 ? [0x0f, 0x7f, 0x0f, 0xff][next(4)]! : next(256) & 0x07
      return [`80f080${toHex(Uint8Array.of(status))}`, bytes(2)]
    }
    case 3:
      return ['80d80081', bytes(80)]
    case 4:
      return [['80e40000', '80f24002', '80f28000', '80ca0066', '80500000'][next(5)]!, next(2) === 0 ? fromHex('d20130') : bytes(12)]
    default: {
      const all = [...Object.values(dgis), 0x2f00, 0x0101, 0x0103, 0x011d, next(0x10000)]
      const values = [
        bytes(70),
        concatBytes(fromHex('010000060803'), fromHex(padded('602214'))),
        concatBytes(fromHex('0f0000060803'), fromHex(padded('602214'))),
        fromHex('4b01'.concat('22', '0100', '000000', '0000')),
        fromHex('4b07'.concat('22', '0101', '000000', '0000')),
        fromHex('450100ffff0000aabb'),
        fromHex('0a34393330373431383632'),
        fromHex('9605404040'),
        Uint8Array.of(1),
      ]
      const whole = grouping(all[next(all.length)]!, values[next(values.length)]!)
      const cut = next(4) === 0 ? whole.subarray(0, next(whole.length + 1)) : whole
      const long = next(8) === 0 ? concatBytes(cut, bytes(20)) : cut
      const p1 = ['88', '88', '88', '89', '08', '80', '90', 'ff'][next(8)]!
      return [`80e2${p1}${next(6) === 0 ? '01' : '00'}`, long]
    }
  }
}
