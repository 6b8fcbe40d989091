import { DecodeError } from '@kart/codec'

/** One compact-TLV object: a tag of four bits, 0..15 value bytes (ISO/IEC 7816-4:2020, 12.1). */
export interface CompactTlv {
  /** 0..15. */
  readonly tag: number
  readonly value: Uint8Array
}

/** What a card says it can do (card capabilities, compact tag 7; ISO/IEC 7816-4:2020, 12.1). */
export interface CardCapabilities {
  /** First byte: how DFs and EFs can be selected. */
  readonly selection: number
  /** Second byte: data coding. */
  readonly dataCoding: number | undefined
  /** Third byte, bit 8. */
  readonly commandChaining: boolean
  /** Third byte, bit 7: extended Lc and Le fields. */
  readonly extendedLength: boolean
  /** Third byte, bit 6: EF.ATR/INFO says how long they may be. */
  readonly extendedLengthInfoInEfAtr: boolean
  /** Number of logical channels, 1..8, 8 standing for eight or more; 1 where the third byte is missing. */
  readonly logicalChannels: number
}

/** Historical bytes of an ATR or ATS. */
export interface HistoricalBytes {
  readonly bytes: Uint8Array
  /** Category indicator byte; undefined when there are no historical bytes. 00, 10 and 80 are the standard's, the rest the card's own. */
  readonly category: number | undefined
  /** The compact-TLV objects; undefined where the bytes are in a form of the card's own. */
  readonly objects: readonly CompactTlv[] | undefined
  /** Life cycle, SW1, SW2: three bytes in category 00; 1..3 bytes in category 80. */
  readonly statusIndicator: Uint8Array | undefined
  readonly capabilities: CardCapabilities | undefined
}

function parseCompactTlv(bytes: Uint8Array, base: number): CompactTlv[] {
  const objects: CompactTlv[] = []
  for (let at = 0; at < bytes.length; ) {
    const head = bytes[at]!
    const length = head & 0x0f
    if (at + 1 + length > bytes.length)
      throw new DecodeError(
        'historical bytes',
        `compact object ${(head >> 4).toString(16).toUpperCase()} claims ${length} bytes, ${bytes.length - at - 1} left`,
        { offset: base + at },
      )
    objects.push({ tag: head >> 4, value: bytes.slice(at + 1, at + 1 + length) })
    at += 1 + length
  }
  return objects
}

function parseCapabilities(objects: readonly CompactTlv[]): CardCapabilities | undefined {
  const value = objects.find(({ tag }) => tag === 7)?.value
  if (value === undefined) return undefined
  const [selection, dataCoding, third = 0] = value
  if (selection === undefined || value.length > 3)
    throw new DecodeError('card capabilities', `${value.length} bytes where 1 to 3 are defined`)
  return {
    selection,
    dataCoding,
    commandChaining: (third & 0x80) !== 0,
    extendedLength: (third & 0x40) !== 0,
    extendedLengthInfoInEfAtr: (third & 0x20) !== 0,
    logicalChannels: (third & 0x07) + 1,
  }
}

/**
 * Takes historical bytes apart (ISO/IEC 7816-4:2020, 12.1), 0..15 bytes in an ATR. Category 80 must be well-formed compact-TLV. In category
 * 00, whose last three bytes are the status indicator, cards of national issuers carry text in between: what is not compact-TLV there is kept
 * as bytes alone (house rule). `base` is added to offsets in errors. Throws DecodeError.
 */
export function parseHistoricalBytes(bytes: Uint8Array, base = 0): HistoricalBytes {
  const own = bytes.slice()
  const category = own[0]
  if (category === 0x80) {
    const objects = parseCompactTlv(own.slice(1), base + 1)
    const statusIndicator = objects.find(({ tag }) => tag === 8)?.value
    if (statusIndicator !== undefined && (statusIndicator.length < 1 || statusIndicator.length > 3))
      throw new DecodeError('historical bytes', `a status indicator of ${statusIndicator.length} bytes`, { offset: base })
    return { bytes: own, category, objects, statusIndicator, capabilities: parseCapabilities(objects) }
  }
  if (category === 0x00) {
    if (own.length < 4)
      throw new DecodeError(
        'historical bytes',
        `category 00 with ${own.length - 1} bytes where at least the 3 of the status indicator are needed`,
        { offset: base },
      )
    const statusIndicator = own.slice(-3)
    try {
      const objects = parseCompactTlv(own.slice(1, -3), base + 1)
      return { bytes: own, category, objects, statusIndicator, capabilities: parseCapabilities(objects) }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return { bytes: own, category, objects: undefined, statusIndicator, capabilities: undefined }
    }
  }
  return { bytes: own, category, objects: undefined, statusIndicator: undefined, capabilities: undefined }
}
