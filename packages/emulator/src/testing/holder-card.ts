import { concatBytes, encodeAscii, fromHex, toHex } from '@kart/codec'
import { createBlankCard, testTransportKeys } from '../blank-card.ts'
import type { EmulatedCard } from '../emulated-card.ts'
import { decodeImage } from '../memory/card-image.ts'
import { type CardMemory, inMemory } from '../memory/card-memory.ts'
import type { CardState } from '../memory/card-state.ts'
import type { HolderPin, SignatureState } from '../memory/holder-state.ts'
import { cardInState, iccSerial, sendHex } from './terminal.ts'

export const pkcs15Aid = 'a000000063504b43532d3135'
export const selectPkcs15 = `00a404000c${pkcs15Aid}00`

/** PIN or PUK of 8 bytes, padded with FF, in hex. */
export const padded = (digits: string): string => toHex(encodeAscii(digits)).padEnd(16, 'f')

export const verify = (reference: number, digits: string): string => `0020000${reference}08${padded(digits)}`
export const askTries = (reference: number): string => `0020000${reference}`
export const change = (reference: number, from: string, to: string): string => `0024000${reference}10${padded(from)}${padded(to)}`

export const pins = { auth: '271828', sign: '602214', officer: '90517284', puk: '16180339' } as const

export function holderPin(digits: string, more: Partial<HolderPin> = {}): HolderPin {
  return {
    value: fromHex(padded(digits)),
    tries: { left: 3, most: 3 },
    puk: fromHex(padded(pins.puk)),
    pukTries: { left: 10, most: 10 },
    minLength: 6,
    maxLength: 8,
    transport: false,
    usesPerVerify: 0,
    ...more,
  }
}

/** AuthPIN, SignPIN with one use a VERIFY, SO-PIN without a PUK. */
export const holderPins: ReadonlyMap<number, HolderPin> = new Map([
  [1, holderPin(pins.auth)],
  [2, holderPin(pins.sign, { usesPerVerify: 1 })],
  [3, holderPin(pins.officer, { minLength: 8, puk: undefined })],
])

/** A card with the three PINs, activated unless told, with memory to look into. */
export function holderCard(
  change: Partial<SignatureState> = {},
  more: Partial<CardState> = {},
  memory: CardMemory = inMemory(),
): { card: EmulatedCard; stored: () => CardState } {
  const card = cardInState(
    (state) => ({ ...state, ...more, signature: { ...state.signature, activated: true, pins: holderPins, ...change } }),
    { memory },
  )
  return { card, stored: () => decodeImage(memory.load()!) }
}

/** A card as it leaves the factory, the PKCS#15 application selected. */
export function creationCard(): { card: EmulatedCard; stored: () => CardState } {
  const memory = inMemory()
  const card = createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial })
  sendHex(card, selectPkcs15)
  return { card, stored: () => decodeImage(memory.load()!) }
}

/** DO'62' of CREATE FILE as the stock tool sends it. */
export function createFileHex(fid: string, size: number, options: { type?: string; access?: string; sizeTag?: string } = {}): string {
  const { type = '01', access = '013fff', sizeTag = '80' } = options
  const body = `62 17 ${sizeTag}02${size.toString(16).padStart(4, '0')} 8201${type} 8302${fid} 8603${access} 85020000 8a0100`.replaceAll(
    ' ',
    '',
  )
  return `00e0000019${body}`
}

/** PUT DATA that sets a PIN. */
export const putPin = (reference: number, pin: string, puk: string = pins.puk, end = '030a00'): string =>
  `00da010${reference.toString(16)}13${padded(pin)}${padded(puk)}${end}`

/** Sends each and compares each status word with the one beside it. */
export function statusWords(card: EmulatedCard, commands: readonly string[]): string[] {
  return commands.map((command) => sendHex(card, command).slice(-4))
}

/** Data grouping value of a PIN. */
export function pinGrouping(
  reference: number,
  digits: string,
  options: { flags?: number; uses?: number; puk?: string; head?: string } = {},
): Uint8Array {
  const { flags = 0, uses = 0, puk, head } = options
  const header = head === undefined ? Uint8Array.of(reference, flags, uses, 6, 8, 3) : fromHex(head)
  return concatBytes(header, fromHex(padded(digits)), puk === undefined ? new Uint8Array(0) : fromHex(`0a${padded(puk)}`))
}
