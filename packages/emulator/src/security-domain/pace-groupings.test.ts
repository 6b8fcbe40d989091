import { concatBytes, decodeTlv, encodeAscii, fromHex, toHex } from '@kart/codec'
import { type CardProfile, nationalId, type PacePasswordName } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import type { EmulatedCard } from '../emulated-card.ts'
import { chipPublicKey } from '../key-agreement/chip-key.ts'
import { standardizedGroup } from '../key-agreement/domain-parameters.ts'
import { decodeImage } from '../memory/card-image.ts'
import { inMemory } from '../memory/card-memory.ts'
import type { CardState } from '../memory/card-state.ts'
import { PaceTerminal, testPasswords } from '../testing/pace-terminal.ts'
import { blankCard, cardInState, emrtdAid, openDomain, type Scp03Terminal, statusOf } from '../testing/terminal.ts'

const { dgis } = nationalId
const dgiOf: Readonly<Record<PacePasswordName, number>> = { mrz: dgis.paceMrz, can: dgis.paceCan, pin: dgis.pacePin, puk: dgis.pacePuk }
const names = Object.keys(dgiOf) as PacePasswordName[]

function domain(level = 0x33, profile?: CardProfile) {
  const memory = inMemory()
  const card: EmulatedCard = profile ? cardInState((state) => state, { memory, profile }) : blankCard(memory)
  const terminal = openDomain(card, level)
  expect(terminal.install(emrtdAid)).toBe('9000')
  return { card, terminal, state: (): CardState => decodeImage(memory.load()!) }
}

/** The public key in the answer of a generate DGI. */
function generated(terminal: Scp03Terminal, value: Uint8Array): { tag: number; value: Uint8Array } {
  let answer = terminal.send('80e28900', concatBytes(fromHex('8f14'), Uint8Array.of(value.length), value))
  if (statusOf(answer).startsWith('61')) answer = concatBytes(answer.slice(0, -2), terminal.card.process(fromHex('00c0000000')))
  return decodeTlv(answer.slice(0, -2), 0x7f49).children![0]!
}

describe('PACE passwords', () => {
  it('come by their data groupings with all their tries, and open the card', () => {
    const { card, terminal, state } = domain()
    for (const name of names) expect([name, terminal.store(dgiOf[name], testPasswords[name].secret)]).toEqual([name, '9000'])
    expect([...state().pacePasswords].map(([name, { tries, failures }]) => [name, tries?.left, tries?.most, failures])).toEqual([
      ['can', undefined, undefined, 0],
      ['mrz', undefined, undefined, 0],
      ['pin', 3, 3, 0],
      ['puk', 10, 10, 0],
    ])
    card.reset()
    for (const name of names) expect([name, new PaceTerminal(card, testPasswords[name]).run()]).toEqual([name, '9000'])
  })

  it('come encrypted or not at all', () => {
    const { terminal, state } = domain(0x01)
    for (const name of names) expect([name, terminal.store(dgiOf[name], testPasswords[name].secret)]).toEqual([name, '6982'])
    expect(state().pacePasswords.size).toBe(0)
  })

  it('are refused when they have not the form of one', () => {
    const { terminal, state } = domain()
    for (const [name, value] of [
      ['mrz', new Uint8Array(19)],
      ['can', encodeAscii('50054')],
      ['can', encodeAscii('5005400')],
      ['can', encodeAscii('50054A')],
      ['pin', encodeAscii('12345')],
      ['pin', encodeAscii('123456789')],
      ['puk', encodeAscii('1234567')],
      ['puk', encodeAscii('12345678901')],
      ['pin', new Uint8Array(0)],
    ] as const)
      expect([name, value.length, terminal.store(dgiOf[name], value)]).toEqual([name, value.length, '6a80'])
    expect(terminal.store(dgis.paceMrz, new Uint8Array(21))).toBe('6a84')
    expect(state().pacePasswords.size).toBe(0)
  })

  it('are not known to a profile without PACE, nor to another application', () => {
    const { pace: _, ...without } = nationalId
    expect(domain(0x33, without).terminal.store(dgis.paceCan, testPasswords.can.secret)).toBe('6a88')
    const { terminal } = domain()
    expect(terminal.install('a000000151000000')).toBe('9000')
    expect(terminal.store(dgis.paceCan, testPasswords.can.secret)).toBe('6a88')
  })
})

describe('keys of chip authentication', () => {
  // Without R-ENCRYPTION the public key stands in the response as it is.
  it('are made on the card: a point out, the private key never', () => {
    const { terminal, state } = domain(0x03)
    const key = generated(terminal, Uint8Array.of(1, 12))
    expect([key.tag, key.value.length]).toEqual([0x86, 65])
    expect(standardizedGroup(12)!.take(key.value)).toBeDefined()
    const [stored] = state().chipKeys
    expect(toHex(chipPublicKey(stored!).element)).toBe(toHex(key.value))
    const again = generated(terminal, Uint8Array.of(1, 12))
    expect(toHex(again.value)).not.toBe(toHex(key.value))
    expect(state().chipKeys).toHaveLength(1)
  })

  it('are integers in a group of integers', () => {
    const profile: CardProfile = {
      ...nationalId,
      chipAuthentication: { keys: [{ keyId: 7, agreement: 'DH', parameterId: 2, ciphers: ['AES-128'], versions: [2] }] },
    }
    const key = generated(domain(0x03, profile).terminal, Uint8Array.of(7, 2))
    expect([key.tag, key.value.length]).toEqual([0x84, 256])
    expect(standardizedGroup(2)!.take(key.value)).toBeDefined()
  })

  it('are those of the profile and no others', () => {
    const { terminal } = domain()
    for (const [value, sw] of [
      ['020c', '6a80'],
      ['010d', '6a80'],
      ['01', '6a80'],
      ['', '6a80'],
      ['010c00', '6a84'],
    ] as const)
      expect([value, terminal.store(dgis.generateCaKey, fromHex(value))]).toEqual([value, sw])
    const { chipAuthentication: _, ...without } = nationalId
    expect(domain(0x33, without).terminal.store(dgis.generateCaKey, Uint8Array.of(1, 12))).toBe('6a88')
  })
})
