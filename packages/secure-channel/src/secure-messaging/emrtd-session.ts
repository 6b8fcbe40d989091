import { type CommandApdu, encodeCommand, type ResponseApdu } from '@kart/apdu/host'
import { bytesToUint, concatBytes, encodeTlv, InputError, uintToBytes } from '@kart/codec'
import { constantTimeEqual, padMethod2, unpadMethod2, wipe } from '@kart/crypto'
import { SecureMessagingError } from '../channel-error.ts'
import { largestFitting } from '../largest-fitting.ts'
import type { SecureMessaging } from '../secure-messaging.ts'
import { aesSuite, type CipherSuite, tripleDesSuite } from './cipher-suite.ts'
import { readProtectedResponse } from './protected-response.ts'

/** What a session starts from; the session keeps copies, so the caller erases its own. */
export interface SessionKeys {
  readonly ksEnc: Uint8Array
  readonly ksMac: Uint8Array
  /** Send sequence counter before the first command: 8 bytes for triple DES, 16 for AES. */
  readonly ssc: Uint8Array
}

const plainIndicator = Uint8Array.of(0x01)
const empty = new Uint8Array(0)

/**
 * The terminal's side of eMRTD secure messaging (Doc 9303-11, 8th ed., 9.8): the header authenticated, data encrypted, MAC over everything.
 * Keys live in private fields: neither inspection nor serialization shows them.
 */
export class EmrtdSession implements SecureMessaging {
  readonly #suite: CipherSuite
  readonly #ksEnc: Uint8Array
  readonly #ksMac: Uint8Array
  readonly #ssc: Uint8Array
  #state: 'ready' | 'waiting' | 'over' = 'ready'
  #oddInstruction = false

  /** Throws InputError for keys or a counter of the wrong length. */
  constructor(suite: CipherSuite, keys: SessionKeys) {
    const { keyLengths, blockLength } = suite
    if (!keyLengths.includes(keys.ksEnc.length)) throw new InputError('ksEnc', 'wrong length')
    if (keys.ksMac.length !== keys.ksEnc.length) throw new InputError('ksMac', 'wrong length')
    if (keys.ssc.length !== blockLength) throw new InputError('ssc', 'wrong length')
    this.#suite = suite
    this.#ksEnc = keys.ksEnc.slice()
    this.#ksMac = keys.ksMac.slice()
    this.#ssc = keys.ssc.slice()
  }

  /** `desede` or `aes`. */
  get cipher(): CipherSuite['name'] {
    return this.#suite.name
  }

  get isOver(): boolean {
    return this.#state === 'over'
  }

  destroy(): void {
    this.#state = 'over'
    wipe(this.#ksEnc, this.#ksMac, this.#ssc)
  }

  /** Protects a command (Doc 9303-11, 8th ed., 9.8.4): DO'87' (DO'85' for an odd INS), DO'97', DO'8E'; class byte with both secure-messaging bits. */
  protect(command: CommandApdu): CommandApdu {
    try {
      if (this.#state !== 'ready') throw new SecureMessagingError()
      const { ins, p1, p2, data, ne } = command
      const cla = protectedClass(command.cla)
      encodeCommand(command) // its range checks
      const suite = this.#suite
      this.#stepCounter()
      this.#oddInstruction = (ins & 1) !== 0
      const objects = concatBytes(this.#encryptData(data), expectedLengthObject(ne))
      // The header is a block of its own; the objects are padded in turn, where there are any (ISO/IEC 7816-4:2020, 10.2.3; Doc 9303-11 shows no other case).
      const header = padMethod2(Uint8Array.of(cla, ins, p1, p2), suite.blockLength)
      const input = concatBytes(this.#ssc, header, objects.length > 0 ? padMethod2(objects, suite.blockLength) : objects)
      const mac = suite.mac(this.#ksMac, input)
      this.#state = 'waiting'
      const body = concatBytes(objects, encodeTlv(0x8e, mac))
      if (body.length > 65535) throw new InputError('data', 'too long to be protected')
      return { cla, ins, p1, p2, data: body, ne: this.#wireLength(body.length, ne) }
    } catch (error) {
      this.destroy()
      throw error
    }
  }

  /**
   * Opens a response (Doc 9303-11, 8th ed., 9.8.4): the MAC is checked first, in constant time, then the status word against DO'99', then the padding.
   * Throws one and the same SecureMessagingError for anything wrong, and ends the session.
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
    const suite = this.#suite
    const parts = readProtectedResponse(response.data, this.#oddInstruction ? 0x85 : 0x87)
    if (parts === undefined) return undefined
    this.#stepCounter()
    const mac = suite.mac(this.#ksMac, padMethod2(concatBytes(this.#ssc, parts.authenticated), suite.blockLength))
    if (!constantTimeEqual(mac, parts.mac)) return undefined
    if (bytesToUint(parts.status) !== response.sw) return undefined
    const data = parts.cryptogram === undefined ? empty : this.#decryptData(parts.cryptogram)
    return data && { data, sw: response.sw }
  }

  #encryptData(data: Uint8Array): Uint8Array {
    if (data.length === 0) return empty
    const suite = this.#suite
    const cryptogram = suite.encrypt(this.#ksEnc, suite.iv(this.#ksEnc, this.#ssc), padMethod2(data, suite.blockLength))
    return this.#oddInstruction ? encodeTlv(0x85, cryptogram) : encodeTlv(0x87, [plainIndicator, cryptogram])
  }

  #decryptData(value: Uint8Array): Uint8Array | undefined {
    const suite = this.#suite
    if (!this.#oddInstruction && value[0] !== plainIndicator[0]) return undefined
    const cryptogram = this.#oddInstruction ? value : value.subarray(1)
    if (cryptogram.length === 0 || cryptogram.length % suite.blockLength !== 0) return undefined
    try {
      return unpadMethod2(suite.decrypt(this.#ksEnc, suite.iv(this.#ksEnc, this.#ssc), cryptogram), suite.blockLength)
    } catch {
      return undefined
    }
  }

  /** Adds one to the counter, which wraps (Doc 9303-11, 8th ed., 9.8.2). */
  #stepCounter(): void {
    for (let i = this.#ssc.length - 1; i >= 0; i--) {
      this.#ssc[i] = (this.#ssc[i]! + 1) & 0xff
      if (this.#ssc[i] !== 0) return
    }
  }

  /** Ne of the protected command: a protected answer always has data, so Le is 00, or 0000 where the command or the answer needs extended length. */
  #wireLength(bodyLength: number, ne: number): number {
    // Exactly 256 means "all there is" in a short field: the card may have far less, so it does not force extended length.
    const fits = ne === 256 || this.#responseLength(ne) <= 256
    return bodyLength <= 255 && ne <= 256 && fits ? 256 : 65536
  }

  #objectLength(plainLength: number, indicator: boolean): number {
    if (plainLength === 0) return 0
    const { blockLength } = this.#suite
    const value = (Math.floor(plainLength / blockLength) + 1) * blockLength + (indicator ? 1 : 0)
    return 1 + (value < 0x80 ? 1 : value < 0x100 ? 2 : value < 0x10000 ? 3 : 4) + value
  }

  #responseLength(plainLength: number): number {
    return this.#objectLength(plainLength, true) + 4 + 10
  }

  /**
   * Most plain data bytes of a command whose protected APDU, length fields included, is at most `maxApdu` bytes (261 = the most in short length fields);
   * the command is taken to have a DO'97' of two bytes. 0 when nothing fits.
   */
  maxCommandData(maxApdu: number): number {
    return largestFitting((length) => {
      const body = this.#objectLength(length, true) + 4 + 10
      return body <= 65535 && body + (body <= 255 ? 6 : 9) <= maxApdu
    })
  }

  /** Most plain data bytes of a response whose protected APDU, status word included, is at most `maxApdu` bytes (258 = the most a short Le can ask for). */
  maxResponseData(maxApdu: number): number {
    return largestFitting((length) => this.#responseLength(length) + 2 <= maxApdu)
  }
}

/** Class byte with "secure messaging, header authenticated" (ISO/IEC 7816-4:2020, 5.4.1); house rule: basic channels 0..3 only. */
function protectedClass(cla: number): number {
  if ((cla & 0x6c) !== 0) throw new InputError('cla', 'already says secure messaging, or is of channels 4 to 19')
  return cla | 0x0c
}

/** DO'97' with Ne as the Le field codes it: one byte where it fits, 00 = 256, 0000 = 65536; nothing for Ne = 0. */
function expectedLengthObject(ne: number): Uint8Array {
  if (ne === 0) return empty
  return encodeTlv(0x97, ne <= 256 ? Uint8Array.of(ne & 0xff) : uintToBytes(ne & 0xffff, 2))
}

/** A session with triple DES, as BAC opens it. */
export type Secure3desSession = EmrtdSession

/** Starts secure messaging with triple DES: keys of 16 bytes, SSC of 8. Throws InputError. */
export function start3desSession(keys: SessionKeys): Secure3desSession {
  return new EmrtdSession(tripleDesSuite, keys)
}

/** Starts secure messaging with AES: keys of 16, 24 or 32 bytes, SSC of 16 (zero after PACE). Throws InputError. */
export function startAesSession(keys: SessionKeys): EmrtdSession {
  return new EmrtdSession(aesSuite, keys)
}
