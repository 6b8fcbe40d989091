import { encodeAscii, equalBytes, fromHex, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { generateHolderKey } from '../card-crypto/holder-key.ts'
import { EmulatedCard } from '../emulated-card.ts'
import { decodeImage } from '../memory/card-image.ts'
import { inMemory } from '../memory/card-memory.ts'
import type { CardState } from '../memory/card-state.ts'
import type { HolderFile } from '../memory/holder-state.ts'
import { change, createFileHex, holderCard, padded, pins, pkcs15Aid, putPin, selectPkcs15, verify } from '../testing/holder-card.ts'
import { drawCommand, interindustryStatus } from '../testing/random-command.ts'
import { seededNumbers } from '../testing/seeded-numbers.ts'
import { emrtdAid, isdAid, selectAid } from '../testing/terminal.ts'

const sequences = 10_000
const longest = 10

const secret = encodeAscii('what only the AuthPIN opens')
const file = (access: string, content: Uint8Array): HolderFile => ({
  type: 'transparent',
  access: fromHex(access),
  properties: fromHex('0000'),
  size: content.length,
  content,
  privateKey: undefined,
})
const key = (access: string): HolderFile => ({
  ...file(access, new Uint8Array(0)),
  type: 'ec',
  size: 256,
  privateKey: generateHolderKey({ type: 'ec', size: 256 })!,
})
const digest = '5a'.repeat(32)
const choose = (fid: string): string => `002241b60a8001048102${fid}840100`
const authenticate = (fid: string): string => `002241a40a8001048102${fid}840100`

/** What a terminal of the stock tools would send, and what an attacker would. */
const known = [
  selectPkcs15,
  '00a4000c023f00',
  '00a4080c025015',
  '00a40800045015430100',
  '00a40800045015450100',
  '00a408000450154b0100',
  selectAid(emrtdAid),
  selectAid(isdAid),
  selectAid('f04b41525446'),
  ...[1, 2, 3].map((reference) => verify(reference, '314159')),
  verify(1, pins.auth),
  verify(2, pins.sign),
  verify(3, pins.officer),
  '00200001',
  '0020ff01',
  '002e0000',
  change(1, pins.auth, '850392'),
  change(2, '111111', '850392'),
  `002c000110${padded(pins.puk)}${padded('830592')}`,
  `002c000110${padded('31415926')}${padded('830592')}`,
  `002c020208${padded('830592')}`,
  choose('4b01'),
  choose('4b02'),
  authenticate('4b01'),
  authenticate('4b02'),
  `002a9e9a20${digest}00`,
  `102a9e9a10${digest.slice(32)}`,
  `0088000020${digest}00`,
  `002a808620${digest}00`,
  '00b00000ff',
  '00b0000000',
  '00d600000401020304',
  createFileHex('4502', 16),
  '00e40000',
  '0046000000',
  putPin(4, '271828'),
  '00da01e0080000000000000000',
  `004404000c${pkcs15Aid}`,
  '00ca018600',
  '00ca01a000',
  '00ca01aa00',
  '00cb3fff055c037f6100',
  '00c0000000',
  '80500000081122334455667788',
] as const
/** Where a terminal with a PIN stands before it does something; half of all sequences begin so. */
const beginnings: readonly (readonly string[])[] = [
  [selectPkcs15],
  [selectPkcs15, verify(1, pins.auth), choose('4b01')],
  [selectPkcs15, verify(2, pins.sign), choose('4b02'), `002a9e9a20${digest}00`],
  [selectPkcs15, verify(2, pins.sign), authenticate('4b02')],
  [selectPkcs15, verify(1, pins.auth), '00a40800045015450100', '00b0000000'],
  [selectPkcs15, verify(3, pins.officer), '00a40800045015430100'],
]
const firstBytes = [0x00, 0x10, 0x80, 0x84, 0x0c, 0xa0, 0xff] as const

interface Seen {
  /** Since the last reset. */
  verified: Set<number>
  signVerifies: number
  signatures: number
  pinChanged: boolean
}

describe('ten thousand sequences of commands, lawful, out of place and malformed', () => {
  const memory = inMemory()
  holderCard(
    {
      files: new Map([
        [0x4301, file('03ffff', encodeAscii('free to read'))],
        [0x4501, file('13ffff', secret)],
        [0x4b01, key('1fffff')],
        [0x4b02, key('2fffff')],
      ]),
    },
    { lifeCycle: 'SECURED' },
    memory,
  ).card.close()
  const image = memory.load()!
  const before = decodeImage(image)
  const scalars = [0x4b01, 0x4b02].map((fid) => toHex(before.signature.files.get(fid)!.privateKey!.subarray(36, 68)))
  const totals = { commands: 0, well: 0, signatures: 0, reads: 0 }

  /** Holds one answer against what was proved before it. */
  function judge(command: Uint8Array, response: Uint8Array, seen: Seen, where: string): void {
    const sw = toHex(response.subarray(-2))
    const shown = toHex(response.subarray(0, -2))
    expect(sw, where).toMatch(interindustryStatus)
    for (const scalar of scalars) expect(shown, where).not.toContain(scalar)
    if (shown.includes(toHex(secret.subarray(0, 12)))) {
      totals.reads++
      expect(seen.verified.has(1), `${where}: a file under the AuthPIN was read`).toBe(true)
    }
    const [, ins, p1, p2] = command
    if (sw !== '9000') return
    totals.well++
    if (ins === 0x20 && p1 === 0 && command.length > 5) {
      seen.verified.add(p2!)
      if (p2 === 2) seen.signVerifies++
    }
    if (ins === 0x24 || ins === 0x2c) seen.pinChanged = true
    if ((ins === 0x2a || ins === 0x88) && shown.startsWith('30')) {
      totals.signatures++
      seen.signatures++
      expect(seen.verified.has(1) || seen.verified.has(2), `${where}: a signature without a PIN`).toBe(true)
      if (!seen.verified.has(1)) expect(seen.signatures, `${where}: two signatures for one VERIFY`).toBeLessThanOrEqual(seen.signVerifies)
    }
  }

  const same = (state: CardState, fid: number, field: 'privateKey' | 'content'): boolean =>
    equalBytes(state.signature.files.get(fid)![field]!, before.signature.files.get(fid)![field]!)

  function holds(state: CardState, seen: Seen, officer: boolean, where: string): void {
    expect(state.lifeCycle, where).toBe('SECURED')
    expect(state.signature.activated, where).toBe(before.signature.activated)
    for (const [reference, pin] of state.signature.pins) {
      const old = before.signature.pins.get(reference)
      expect(old, `${where}: a PIN that was not there`).toBeDefined()
      expect(pin.tries.left, where).toBeLessThanOrEqual(pin.tries.most)
      expect([pin.tries.most, pin.pukTries.most, pin.usesPerVerify, pin.transport], where).toEqual([
        old!.tries.most,
        old!.pukTries.most,
        old!.usesPerVerify,
        old!.transport,
      ])
      if (!seen.pinChanged) expect(toHex(pin.value), `${where}: a PIN that nobody changed`).toBe(toHex(old!.value))
    }
    expect([...state.signature.files.keys()], where).toEqual([...before.signature.files.keys()])
    for (const fid of [0x4b01, 0x4b02]) expect(same(state, fid, 'privateKey'), `${where}: another key`).toBe(true)
    if (!officer)
      for (const fid of [0x4301, 0x4501]) expect(same(state, fid, 'content'), `${where}: a file written without the SO-PIN`).toBe(true)
  }

  it('crash nothing, answer only what ISO/IEC 7816-4 knows, and reach no state that the access rules forbid', { timeout: 300_000 }, () => {
    const card = new EmulatedCard({ memory })
    let written = false
    for (let number = 0; number < sequences; number++) {
      const next = seededNumbers(number)
      // A card that nothing has changed needs no other memory.
      if (written) memory.store(image)
      if (written) card.powerOn()
      else card.reset()
      const seen: Seen = { verified: new Set(), signVerifies: 0, signatures: 0, pinChanged: false }
      let officer = false
      const sent: string[] = []
      const beginning = (next(2) === 0 ? beginnings[next(beginnings.length)]! : []).map((command) => fromHex(command))
      for (let left = 1 + next(longest) + beginning.length; left > 0; left--) {
        if (beginning.length === 0 && next(40) === 0) {
          card.reset()
          seen.verified.clear()
          sent.push('reset')
        }
        const command = beginning.shift() ?? drawCommand(next, known, firstBytes)
        sent.push(toHex(command))
        const response = card.process(command)
        totals.commands++
        judge(command, response, seen, `sequence ${number}: ${sent.join(' ')}`)
        officer ||= seen.verified.has(3)
      }
      written = !equalBytes(memory.load()!, image)
      if (written) holds(decodeImage(memory.load()!), seen, officer, `sequence ${number}: ${sent.join(' ')}`)
    }
    // The sequences reach what they are there to forbid.
    expect(totals.well).toBeGreaterThan(10_000)
    expect(totals.signatures).toBeGreaterThan(50)
    expect(totals.reads).toBeGreaterThan(20)
  })
})
