import { decodeTlvList, toHex } from '@kart/codec'

/** Instructions whose data field is a PIN, a PUK, a biometric or a key, or with PUT DATA can be (a blank card's first PIN), whatever the class (ISO/IEC 7816-4:2020, 11.6; GlobalPlatform 2.3.1, 11.8 and 11.11). */
const secretInstructions: readonly number[] = [0x20, 0x21, 0x24, 0x25, 0x2c, 0x2d, 0xda, 0xdb]
const secretProprietary: readonly number[] = [0xd8, 0xe2]
/** SELECT: its data field and its answer name a file or an application, never a person. */
const openInstructions: readonly number[] = [0xa4]

/** Where the data field of a coded command lies: start and end; both at the end of the header where there is none, or where the lengths make no sense. */
function dataField(command: Uint8Array): readonly [number, number] {
  const [, , , , first = 0] = command
  if (command.length <= 5) return [4, 4]
  if (first !== 0) {
    const end = 5 + first
    return command.length === end || command.length === end + 1 ? [5, end] : [4, command.length]
  }
  if (command.length === 7) return [4, 4]
  const end = 7 + command[5]! * 256 + command[6]!
  return command.length === end || command.length === end + 2 ? [7, end] : [4, command.length]
}

/** Whether every value in a secured data field is ciphertext or a checksum (ISO/IEC 7816-4:2020, 10: 85, 87, 8E, 97, 99), nothing in plain. */
function isAllEncrypted(data: Uint8Array): boolean {
  try {
    return decodeTlvList(data).every(({ tag }) => [0x85, 0x87, 0x8e, 0x97, 0x99].includes(tag))
  } catch {
    return false
  }
}

/** Whether a coded command carries a PIN or a key that stands in it readable. What cannot be told counts as readable. */
export function carriesSecret(command: Uint8Array): boolean {
  const [cla = 0, ins = 0] = command
  const [start, end] = dataField(command)
  if (start === end) return false
  // A proprietary secure channel says in its class that there is a MAC, not that there is encryption.
  if (cla & 0x80) return secretInstructions.includes(ins) || secretProprietary.includes(ins)
  if (!secretInstructions.includes(ins)) return false
  const secured = cla & 0x40 ? (cla & 0x20) !== 0 : (cla & 0x0c) !== 0
  return !secured || !isAllEncrypted(command.subarray(start, end))
}

/** A command with its data field in zeros, its lengths as they were. */
export function blankCommand(command: Uint8Array): Uint8Array {
  return command.slice().fill(0, ...dataField(command))
}

/** A response with its data in zeros, its status word as it was. */
export function blankResponse(response: Uint8Array): Uint8Array {
  return response.slice().fill(0, 0, Math.max(0, response.length - 2))
}

/** So many bytes of a secret in a row give it away; fewer turn up anywhere by chance. */
const windowLength = 6
const shortestSecret = 4

/** Every run of so many bytes, in hexadecimal. */
function* windowsOf(bytes: Uint8Array, length: number): Generator<string> {
  const hex = toHex(bytes)
  for (let at = 0; at + length <= bytes.length; at++) yield hex.slice(2 * at, 2 * (at + length))
}

/** Whether a run is only filling: 00s and FFs. */
const isFilling = (hex: string): boolean => /^(00|ff)*$/.test(hex)

/** What one exchange may show. */
export interface Redacted {
  readonly command: Uint8Array
  readonly response: Uint8Array | undefined
  /** Whether anything was blanked. */
  readonly redacted: boolean
}

/**
 * Takes PINs and keys out of exchanges. What it once saw as a secret it takes out wherever it turns up again: a card that gives a PIN back
 * does not get it into a trace. With `keepData` false everything else that may be personal goes too: every data field but that of SELECT.
 */
export class Redactor {
  readonly #keepData: boolean
  /** Runs of bytes of the secrets seen, in hexadecimal, by their length. */
  readonly #secrets = new Map<number, Set<string>>()

  constructor(options: { readonly keepData: boolean }) {
    this.#keepData = options.keepData
  }

  redact(command: Uint8Array, response: Uint8Array | undefined): Redacted {
    const secret = carriesSecret(command)
    const [start, end] = dataField(command)
    if (secret) this.#remember(command.subarray(start, end))
    const open = this.#keepData || openInstructions.includes(command[1] ?? 0)
    const hideCommand = end > start && (secret || !open || this.#holdsSecret(command))
    const hideResponse = response !== undefined && response.length > 2 && (secret || !open || this.#holdsSecret(response))
    return {
      command: hideCommand ? blankCommand(command) : command.slice(),
      response: hideResponse ? blankResponse(response) : response?.slice(),
      redacted: hideCommand || hideResponse,
    }
  }

  #remember(data: Uint8Array): void {
    const bare = data.filter((byte) => byte !== 0xff && byte !== 0x00)
    for (const secret of [data, bare]) {
      const length = Math.min(windowLength, secret.length)
      if (length < shortestSecret) continue
      const windows = this.#secrets.get(length) ?? new Set()
      this.#secrets.set(length, windows)
      for (const window of windowsOf(secret, length)) if (!isFilling(window)) windows.add(window)
    }
  }

  #holdsSecret(bytes: Uint8Array): boolean {
    for (const [length, windows] of this.#secrets) for (const window of windowsOf(bytes, length)) if (windows.has(window)) return true
    return false
  }
}
