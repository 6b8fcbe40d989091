import { type CommandApdu, encodeCommand, type ResponseApdu } from '@kart/apdu/host'
import { concatBytes, InputError } from '@kart/codec'
import { desEde3CbcEncrypt, padMethod2, wipe } from '@kart/crypto'
import { SecureMessagingError } from '../channel-error.ts'
import type { SecureMessaging } from '../secure-messaging.ts'
import { type Scp02SessionKeys, scp02Mac } from './derivation.ts'

/** Security levels that this terminal opens (GlobalPlatform Card Specification 2.3.1, E.5.2, table E-12): 01 C-MAC, 03 with C-DECRYPTION. SCP02's R-MAC is not offered. */
export const scp02SecurityLevels = [0x01, 0x03] as const
export type Scp02SecurityLevel = (typeof scp02SecurityLevels)[number]

const commandDecryption = 0x02
const macLength = 8
const zeroIv = new Uint8Array(8)

/** What a session starts from; the session keeps copies. */
export interface Scp02SessionStart {
  readonly keys: Scp02SessionKeys
  readonly securityLevel: Scp02SecurityLevel
  /** The C-MAC of EXTERNAL AUTHENTICATE, 8 bytes. */
  readonly mac: Uint8Array
}

/**
 * The terminal's side of an SCP02 session, i = 15 or 55 (GlobalPlatform Card Specification 2.3.1, appendix E), for older stock alone: triple DES, no
 * protection of answers, short length fields. The specification has deprecated it.
 */
export class Scp02Session implements SecureMessaging {
  readonly securityLevel: Scp02SecurityLevel
  readonly #sEnc: Uint8Array
  readonly #sMac: Uint8Array
  readonly #sDek: Uint8Array
  #mac: Uint8Array
  #state: 'ready' | 'waiting' | 'over' = 'ready'

  /** Throws InputError for a security level that there is not or a MAC that is not 8 bytes. */
  constructor(start: Scp02SessionStart) {
    if (!scp02SecurityLevels.includes(start.securityLevel)) throw new InputError('securityLevel', 'not 01 or 03')
    if (start.mac.length !== macLength) throw new InputError('mac', 'not 8 bytes')
    this.securityLevel = start.securityLevel
    this.#sEnc = start.keys.sEnc.slice()
    this.#sMac = start.keys.sMac.slice()
    this.#sDek = start.keys.sDek.slice()
    this.#mac = start.mac.slice()
  }

  get isOver(): boolean {
    return this.#state === 'over'
  }

  destroy(): void {
    this.#state = 'over'
    wipe(this.#sEnc, this.#sMac, this.#sDek, this.#mac)
  }

  /** C-MAC over the plain command, then C-DECRYPTION of its data where the level has it (E.4.4, E.4.6). */
  protect(command: CommandApdu): CommandApdu {
    try {
      if (this.#state !== 'ready') throw new SecureMessagingError()
      if ((command.cla & 0x4c) !== 0) throw new InputError('cla', 'already says secure messaging, or is of channels 4 to 19')
      encodeCommand(command) // its range checks
      if (command.ne > 256) throw new InputError('ne', 'SCP02 has short length fields only')
      const data = this.#encrypted(command.data)
      if (data.length + macLength > 255) throw new InputError('data', 'too long to be protected: SCP02 has short length fields only')
      const cla = command.cla | 0x04
      const header = Uint8Array.of(cla & ~0x03, command.ins, command.p1, command.p2, command.data.length + macLength)
      this.#mac = scp02Mac(this.#sMac, this.#mac, concatBytes(header, command.data))
      this.#state = 'waiting'
      return { ...command, cla, data: concatBytes(data, this.#mac) }
    } catch (error) {
      this.destroy()
      throw error
    }
  }

  /** The answer as it came: nothing protects it. Throws SecureMessagingError out of turn. */
  open(response: ResponseApdu): ResponseApdu {
    if (this.#state !== 'waiting') {
      this.destroy()
      throw new SecureMessagingError(response.sw)
    }
    this.#state = 'ready'
    return { data: response.data.slice(), sw: response.sw }
  }

  /** Encrypts a key for PUT KEY: triple-DES ECB under the session's data encryption key, whole blocks of 8 (E.4.7). Throws SecureMessagingError, InputError. */
  encryptWithDek(data: Uint8Array): Uint8Array {
    if (this.#state === 'over') throw new SecureMessagingError()
    if (data.length === 0 || data.length % 8 !== 0) throw new InputError('data', 'not whole blocks of 8 bytes')
    const blocks = Array.from({ length: data.length / 8 }, (_, i) => desEde3CbcEncrypt(this.#sDek, zeroIv, data.subarray(8 * i, 8 * i + 8)))
    return concatBytes(...blocks)
  }

  #encrypted(data: Uint8Array): Uint8Array {
    if ((this.securityLevel & commandDecryption) === 0 || data.length === 0) return data
    return desEde3CbcEncrypt(this.#sEnc, zeroIv, padMethod2(data, 8))
  }
}
