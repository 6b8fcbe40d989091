import { type CommandApdu, encodeCommand, type ResponseApdu } from '@kart/apdu/host'
import { concatBytes, InputError, uintToBytes } from '@kart/codec'
import { aesCbcDecrypt, aesCbcEncrypt, aesCmac, aesEcbEncrypt, constantTimeEqual, padMethod2, unpadMethod2, wipe } from '@kart/crypto'
import { SecureMessagingError } from '../channel-error.ts'
import { largestFitting } from '../largest-fitting.ts'
import type { SecureMessaging } from '../secure-messaging.ts'
import type { Scp03SessionKeys } from './derivation.ts'

/**
 * Security levels (Amendment D 1.2, 7.1.2, table 7-6): 00 authentication alone, what follows goes in plain; 01 C-MAC; 03 with C-DECRYPTION; 11, 13 with R-MAC;
 * 33 with R-ENCRYPTION too.
 */
export const scp03SecurityLevels = [0x00, 0x01, 0x03, 0x11, 0x13, 0x33] as const
export type Scp03SecurityLevel = (typeof scp03SecurityLevels)[number]

const commandMac = 0x01
const commandDecryption = 0x02
const responseMac = 0x10
const responseEncryption = 0x20

/** What a session starts from; the session keeps copies. */
export interface Scp03SessionStart {
  readonly keys: Scp03SessionKeys
  /** The static Key-DEK. */
  readonly dek: Uint8Array
  readonly securityLevel: Scp03SecurityLevel
  /** The 16 bytes of EXTERNAL AUTHENTICATE's C-MAC. */
  readonly chainingValue: Uint8Array
  /** Bytes of a MAC on the wire: 8 (S8) or 16 (S16). */
  readonly macLength: 8 | 16
}

const empty = new Uint8Array(0)

/** Status words whose responses are protected: 9000 and the warnings 62xx, 63xx (Amendment D 1.2, 6.2.5). */
function isProtectedStatus(sw: number): boolean {
  return sw === 0x9000 || sw >> 8 === 0x62 || sw >> 8 === 0x63
}

/**
 * The terminal's side of an SCP03 session (GlobalPlatform Card Specification Amendment D 1.2, 6.2.3 to 6.2.8).
 * Keys live in private fields: neither inspection nor serialization shows them.
 */
export class Scp03Session implements SecureMessaging {
  readonly securityLevel: Scp03SecurityLevel
  readonly macLength: 8 | 16
  readonly #sEnc: Uint8Array
  readonly #sMac: Uint8Array
  readonly #sRmac: Uint8Array
  readonly #dek: Uint8Array
  #chainingValue: Uint8Array
  #counter = 0
  #state: 'ready' | 'waiting' | 'over' = 'ready'

  /** Throws InputError for a security level that there is not or a chaining value that is not 16 bytes. */
  constructor(start: Scp03SessionStart) {
    if (!scp03SecurityLevels.includes(start.securityLevel)) throw new InputError('securityLevel', 'not 00, 01, 03, 11, 13 or 33')
    if (start.chainingValue.length !== 16) throw new InputError('chainingValue', 'not 16 bytes')
    this.securityLevel = start.securityLevel
    this.macLength = start.macLength
    this.#sEnc = start.keys.sEnc.slice()
    this.#sMac = start.keys.sMac.slice()
    this.#sRmac = start.keys.sRmac.slice()
    this.#dek = start.dek.slice()
    this.#chainingValue = start.chainingValue.slice()
  }

  get isOver(): boolean {
    return this.#state === 'over'
  }

  destroy(): void {
    this.#state = 'over'
    wipe(this.#sEnc, this.#sMac, this.#sRmac, this.#dek, this.#chainingValue)
  }

  /**
   * Protects a command: C-DECRYPTION where the level has it (Amendment D 1.2, 6.2.6; the counter steps on commands without data too), then C-MAC (6.2.4).
   * The MAC is over the header as it goes out: class byte with the secure-messaging bit and without the logical channel, and Lc with the MAC counted in, in
   * the coding of the command sent. So an extended command has the three bytes 00 Lc Lc in the MAC; our reading of 6.2.4, which speaks of one Lc field only.
   */
  protect(command: CommandApdu): CommandApdu {
    try {
      if (this.#state !== 'ready') throw new SecureMessagingError()
      if ((command.cla & 0x4c) !== 0) throw new InputError('cla', 'already says secure messaging, or is of channels 4 to 19')
      encodeCommand(command) // its range checks
      if ((this.securityLevel & commandMac) === 0) {
        this.#state = 'waiting'
        return { ...command, data: command.data.slice() }
      }
      const cla = command.cla | 0x04
      this.#counter++
      const data = this.#encryptData(command.data)
      const length = data.length + this.macLength
      if (length > 65535) throw new InputError('data', 'too long to be protected')
      const ne = this.#wireLength(command.ne)
      const lc = length > 255 || ne > 256 ? Uint8Array.of(0, length >> 8, length & 0xff) : Uint8Array.of(length)
      const header = Uint8Array.of(cla & ~0x03, command.ins, command.p1, command.p2)
      this.#chainingValue = aesCmac(this.#sMac, concatBytes(this.#chainingValue, header, lc, data))
      this.#state = 'waiting'
      return { ...command, cla, data: concatBytes(data, this.#chainingValue.subarray(0, this.macLength)), ne }
    } catch (error) {
      this.destroy()
      throw error
    }
  }

  /**
   * Opens a response: R-MAC first, in constant time (Amendment D 1.2, 6.2.5), then R-ENCRYPTION (6.2.7). Error status words come without data and without
   * a MAC, as the standard has it: nothing vouches for them. Throws one and the same SecureMessagingError for anything wrong, and ends the session.
   */
  open(response: ResponseApdu): ResponseApdu {
    const opened = this.#state === 'waiting' ? this.#tryOpen(response) : undefined
    if (opened === undefined) {
      this.destroy()
      throw new SecureMessagingError(response.sw)
    }
    this.#state = 'ready'
    return opened
  }

  #tryOpen(response: ResponseApdu): ResponseApdu | undefined {
    const { data, sw } = response
    if ((this.securityLevel & responseMac) === 0) return { data: data.slice(), sw }
    if (!isProtectedStatus(sw)) return data.length === 0 ? { data: empty, sw } : undefined
    if (data.length < this.macLength) return undefined
    const body = data.slice(0, -this.macLength)
    const mac = aesCmac(this.#sRmac, concatBytes(this.#chainingValue, body, uintToBytes(sw, 2))).subarray(0, this.macLength)
    if (!constantTimeEqual(mac, data.subarray(body.length))) return undefined
    if ((this.securityLevel & responseEncryption) === 0 || body.length === 0) return { data: body, sw }
    if (body.length % 16 !== 0) return undefined
    try {
      return { data: unpadMethod2(aesCbcDecrypt(this.#sEnc, this.#iv(0x80), body), 16), sw }
    } catch {
      return undefined
    }
  }

  /**
   * Encrypts sensitive data, such as a key for PUT KEY, with the static Key-DEK: AES-CBC, zero IV, whole blocks of 16 (Amendment D 1.2, 6.2.8).
   * Throws SecureMessagingError when the session is over, InputError for anything but whole blocks.
   */
  encryptWithDek(data: Uint8Array): Uint8Array {
    if (this.#state === 'over') throw new SecureMessagingError()
    if (data.length === 0 || data.length % 16 !== 0) throw new InputError('data', 'not whole blocks of 16 bytes')
    return aesCbcEncrypt(this.#dek, new Uint8Array(16), data)
  }

  #encryptData(data: Uint8Array): Uint8Array {
    if ((this.securityLevel & commandDecryption) === 0 || data.length === 0) return data
    return aesCbcEncrypt(this.#sEnc, this.#iv(0), padMethod2(data, 16))
  }

  /** The counter of the command as a block, encrypted; a response has 80 in the first byte (Amendment D 1.2, 6.2.6 and 6.2.7). */
  #iv(first: 0x00 | 0x80): Uint8Array {
    const block = concatBytes(new Uint8Array(10), uintToBytes(this.#counter, 6))
    block[0] = first
    return aesEcbEncrypt(this.#sEnc, block)
  }

  /** Ne on the wire: where the answer grows by a MAC and padding, a Le that was exact becomes 00 (or 0000); the card knows how much there is (house rule). */
  #wireLength(ne: number): number {
    if (ne === 0 || (this.securityLevel & responseMac) === 0) return ne
    return ne <= 256 ? 256 : 65536
  }

  #grown(length: number, encrypted: boolean): number {
    return encrypted && length > 0 ? (Math.floor(length / 16) + 1) * 16 : length
  }

  /** Most plain data bytes of a command whose protected APDU, a Le field included, is at most `maxApdu` bytes (261 = the most in short length fields). */
  maxCommandData(maxApdu: number): number {
    return largestFitting((length) => {
      const mac = (this.securityLevel & commandMac) === 0 ? 0 : this.macLength
      const body = this.#grown(length, (this.securityLevel & commandDecryption) !== 0) + mac
      return body <= 65535 && body + (body <= 255 ? 6 : 9) <= maxApdu
    })
  }

  /** Most plain data bytes of a response whose protected APDU, status word included, is at most `maxApdu` bytes (258 = the most a short Le can ask for). */
  maxResponseData(maxApdu: number): number {
    const mac = (this.securityLevel & responseMac) === 0 ? 0 : this.macLength
    return largestFitting((length) => this.#grown(length, (this.securityLevel & responseEncryption) !== 0) + mac + 2 <= maxApdu)
  }
}
