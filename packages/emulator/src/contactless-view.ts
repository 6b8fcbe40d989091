import { concatBytes, DecodeError } from '@kart/codec'
import type { PluggableCard } from './plugged-card.ts'

/** Interface bytes of an ATS: TA(1) rates, TB(1) waiting and guard time, TC(1) CID and NAD (ISO/IEC 14443-4:2018, 5.2). */
export interface AtsOptions {
  /** FSCI, 0..8: the longest frame the card takes, 8 for 256 bytes; 8 without it. */
  readonly frameSizeIndex?: number
  /** Historical bytes, 0..15. */
  readonly historicalBytes: Uint8Array
}

/** An answer to select with all three interface bytes: same rates both ways up to 848 kbit/s, FWI 8, SFGI 0, CID supported. Throws DecodeError. */
export function encodeAts({ frameSizeIndex = 8, historicalBytes }: AtsOptions): Uint8Array {
  if (historicalBytes.length > 15) throw new DecodeError('ATS', `${historicalBytes.length} historical bytes where an ATR holds 15`)
  return concatBytes(Uint8Array.of(5 + historicalBytes.length, 0x70 | frameSizeIndex, 0x77, 0x80, 0x02), historicalBytes)
}

/**
 * The ATR that a reader makes up for a contactless card of type A: 3B 8n 80 01, the historical bytes of its ATS, TCK (PC/SC part 3 v2.01.09,
 * 3.1.3.2.3.1). Throws DecodeError for an ATS whose length byte, format byte and content do not agree, or with more than 15 historical bytes.
 */
export function atrFromAts(ats: Uint8Array): Uint8Array {
  const [length = 0, format] = ats
  if (length !== ats.length || length < 1) throw new DecodeError('ATS', `length byte says ${length}, there are ${ats.length} bytes`)
  const interfaceBytes = format === undefined ? 0 : [0x10, 0x20, 0x40].filter((bit) => (format & bit) !== 0).length
  const start = format === undefined ? 1 : 2 + interfaceBytes
  if (start > ats.length)
    throw new DecodeError('ATS', 'ends before the interface bytes that its format byte announces', { offset: ats.length })
  const historical = ats.subarray(start)
  if (historical.length > 15) throw new DecodeError('ATS', `${historical.length} historical bytes where an ATR holds 15`, { offset: start })
  const body = concatBytes(Uint8Array.of(0x80 | historical.length, 0x80, 0x01), historical)
  return concatBytes(Uint8Array.of(0x3b), body, Uint8Array.of(body.reduce((sum, byte) => sum ^ byte, 0)))
}

/** Decides on a command before the card sees it: a status word refuses it, undefined lets it through. */
export type AccessHook = (command: Uint8Array) => number | undefined

/** VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, both codings (ISO/IEC 7816-4:2020, 11.6). */
const pinInstructions: readonly number[] = [0x20, 0x21, 0x24, 0x25, 0x2c, 0x2d]

/**
 * Refuses with 6982 every PIN command that is not under secure messaging: without contacts a PIN travels only inside a PACE channel
 * (BSI TR-03110-2 v2.21, 2.3).
 */
export const refusePlainPins: AccessHook = (command) => {
  const [cla = 0, ins = 0] = command
  if (cla & 0x80 || !pinInstructions.includes(ins)) return undefined
  const secured = cla & 0x40 ? cla & 0x20 : cla & 0x0c
  return secured ? undefined : 0x6982
}

/** A card seen through the field: the ATR of its ATS, and only what the hook lets through. Power and reset reach the card as they are. */
export function contactlessView(card: PluggableCard, options: { readonly ats: Uint8Array; readonly access?: AccessHook }): PluggableCard {
  const atr = atrFromAts(options.ats)
  const access = options.access ?? refusePlainPins
  let delay = 0
  return {
    atr,
    // The card's brake on guessing works through the field too.
    get answerDelay() {
      return delay
    },
    powerOn: () => card.powerOn('contactless'),
    powerOff: () => card.powerOff(),
    reset: () => card.reset(),
    process(command) {
      const refusal = access(command)
      delay = 0
      if (refusal !== undefined) return Uint8Array.of(refusal >> 8, refusal & 0xff)
      const response = card.process(command)
      delay = card.answerDelay ?? 0
      return response
    },
  }
}
