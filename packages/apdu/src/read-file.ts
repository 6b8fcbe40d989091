import { DecodeError, InputError, joinBytes, LimitError, readTlvHeader, tagHex } from '@kart/codec'
import type { ResponseApdu } from './apdu.ts'
import { type CardCommand, StatusWordError } from './card-command.ts'
import type { CardChannel } from './channel.ts'
import { labelCommand } from './command-label.ts'
import { largestDiscretionaryData, maxShortOffset, readBinary, readBinaryBySfi, readBinaryOdd } from './commands/binary.ts'

export interface ReadFileOptions {
  /** Most bytes the file may have, 1..16777215; one that claims or gives more is a LimitError. */
  readonly maxLength: number
  /** Most response bytes to ask for at once, 32..65536; 223 unless told (what fits a short response under secure messaging), 4096 with `extended`. */
  readonly chunk?: number
  /** Whether reader and card take extended length fields; otherwise no more than 256 bytes are asked for at once. False unless told. */
  readonly extended?: boolean
  /** What the file is called in errors and traces (`EF.COM`); `EF` unless told. */
  readonly name?: string
  /** Tag that the file's data object must have; any other is a DecodeError. */
  readonly expectedTag?: number
  /** Short EF identifier 1..30: reads this EF and makes it the current one; otherwise the current EF is read. */
  readonly sfi?: number
  /** `object` (unless told): the file holds one data object, whose length field says how much to read. `file`: all bytes up to the end of the file. */
  readonly extent?: 'object' | 'file'
  /**
   * What the first command asks for: `header` (unless told), the few bytes that say how long the file's object is; `most`, as much as one response carries, which saves
   * a command. A card that will not have so much asked for (6700, 6B00) is asked for the header then.
   */
  readonly first?: 'header' | 'most'
  /** Told after every answer how many bytes have come, and of how many, once that is known. */
  readonly onProgress?: (soFar: number, inAll: number | undefined) => void
}

/** First read: every header of a data object of an eMRTD fits it. */
const firstRead = 8
/** Longest tag and length field that `readTlvHeader` admits: four bytes and five. */
const longestHeader = 9
/** Rounds that any file may take, and the bytes that a round must bring on average beyond them (house rule). */
const freeRounds = 16
const bytesARound = 16
/** Never asks for less than this at once, whatever short answers come (house rule). */
const smallestChunk = 32

interface Answer {
  readonly data: Uint8Array
  readonly atEnd: boolean
}

function within(value: number, from: number, to: number, field: string): void {
  if (!Number.isInteger(value) || value < from || value > to) throw new InputError(field, `not in ${from}..${to}`)
}

/** The command for `want` bytes from `offset`, within `chunk` response bytes. */
function readCommand(
  offset: number,
  want: number,
  chunk: number,
  sfi: number | undefined,
  label: string,
): { command: CardCommand<Uint8Array>; asked: number } {
  if (offset > maxShortOffset) {
    // The answer's own tag and length field count among the response bytes.
    const asked = Math.min(want, largestDiscretionaryData(chunk))
    return { command: readBinaryOdd(offset, asked + (asked > 0xff ? 4 : asked > 0x7f ? 3 : 2), { label }), asked }
  }
  const asked = Math.min(want, chunk)
  return {
    command: sfi !== undefined && offset === 0 ? readBinaryBySfi(sfi, 0, asked, { label }) : readBinary(offset, asked, { label }),
    asked,
  }
}

/** Parses one answer; 6282 with whatever data, 6B00 and an empty answer mean the end of the file. */
function parseAnswer(command: CardCommand<Uint8Array>, response: ResponseApdu, asked: number, name: string): Answer {
  if (response.sw === 0x6b00) return { data: new Uint8Array(0), atEnd: true }
  if (response.sw !== 0x9000 && response.sw !== 0x6282) throw new StatusWordError(command.name, response.sw)
  const data = response.data.length === 0 ? response.data : command.parse(response)
  if (data.length > asked) throw new DecodeError(name, `the card gave ${data.length} bytes where ${asked} were asked for`)
  return { data, atEnd: response.sw === 0x6282 || data.length === 0 }
}

/**
 * Reads a transparent EF with READ BINARY (ISO/IEC 7816-4:2020, 11.3): the current EF, or the one with `sfi`. First the header of its data
 * object, then as many bytes as that says, in chunks; beyond byte 32767 with the odd instruction. A card that answers shorter is asked for
 * less. Every read is bounded: no card can keep it going. Throws StatusWordError (refused), DecodeError (no data object, another tag, a
 * file that ends before its object, more bytes than asked for) and LimitError (longer than `maxLength`, or too many rounds).
 */
export async function readFile(channel: CardChannel, options: ReadFileOptions): Promise<Uint8Array> {
  const { maxLength, expectedTag, sfi, onProgress } = options
  const name = options.name ?? 'EF'
  const extended = options.extended ?? false
  within(maxLength, 1, 0xffffff, 'maxLength')
  within(options.chunk ?? smallestChunk, smallestChunk, 65536, 'chunk')
  let chunk = Math.min(options.chunk ?? (extended ? 4096 : 223), extended ? 65536 : 256)
  const toEnd = options.extent === 'file'
  const maxRounds = freeRounds + Math.ceil(maxLength / bytesARound)

  const parts: Uint8Array[] = []
  let got = 0
  let total: number | undefined
  // One byte beyond the bound of a whole file tells, in the same answer, whether the file ends there.
  let target = toEnd ? maxLength + 1 : options.first === 'most' ? maxLength : firstRead
  for (let round = 0; ; round++) {
    if (round >= maxRounds) throw new LimitError(`${name}: READ BINARY rounds`, maxRounds)
    const { command, asked } = readCommand(got, Math.max(1, target - got), chunk, sfi, name)
    labelCommand(command.apdu, command.name)
    let response = await channel.transmit(command.apdu)
    const exact = response.sw & 0xff || 256
    if (response.sw >> 8 === 0x6c && exact < command.apdu.ne) response = await channel.transmit({ ...command.apdu, ne: exact })
    if (round === 0 && !toEnd && target > firstRead && (response.sw === 0x6700 || response.sw === 0x6b00)) {
      target = firstRead
      continue
    }
    if (round === 0 && toEnd && target > maxLength && response.sw === 0x6700) {
      target = maxLength // a card that gives nothing beyond its file; the byte is asked for at the end
      continue
    }
    const { data, atEnd } = parseAnswer(command, response, asked, name)
    parts.push(data)
    got += data.length
    if (toEnd && got > maxLength) throw new LimitError(`${name}: bytes`, maxLength)
    if (total === undefined && !toEnd) {
      total = objectLength(joinBytes(parts), name, expectedTag, maxLength)
      target = total ?? longestHeader
    }
    onProgress?.(total === undefined ? got : Math.min(got, total), total)
    if (total !== undefined && got >= total) return joinBytes(parts).slice(0, total)
    if (atEnd) {
      if (toEnd) return joinBytes(parts)
      throw new DecodeError(
        name,
        total === undefined
          ? `the file ends after ${got} bytes, inside a tag or length field`
          : `the file ends after ${got} of ${total} bytes`,
        { offset: got },
      )
    }
    if (data.length < asked) chunk = Math.max(smallestChunk, Math.min(chunk, response.data.length))
  }
}

/** Bytes of the data object that `head` begins, header and value; undefined while the header is not whole. */
function objectLength(head: Uint8Array, name: string, expectedTag: number | undefined, maxLength: number): number | undefined {
  if (head.length === 0) return undefined
  const header = readTlvHeader(head)
  if (header === undefined) return undefined
  if (expectedTag !== undefined && header.tag !== expectedTag)
    throw new DecodeError(name, `begins with tag ${tagHex(header.tag)} where ${tagHex(expectedTag)} is expected`, { offset: 0 })
  const total = header.headerLength + header.valueLength
  if (total > maxLength) throw new LimitError(`${name}: bytes`, maxLength)
  return total
}
