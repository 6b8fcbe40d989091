import type { ReceivedCommand, ResponseApdu } from '@kart/apdu/card'
import { concatBytes, uintToBytes } from '@kart/codec'
import { aesCmac, decryptAesCbc, encryptAesBlock, encryptAesCbc } from '../card-crypto/aes.ts'
import { equalSecrets } from '../card-crypto/constant-time.ts'
import { pad, unpad } from '../card-crypto/padding.ts'
import type { KeySet } from '../memory/card-state.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { derivationConstants as constants, deriveScp03 } from './key-derivation.ts'

/** Bits of the security level (GlobalPlatform Amendment D v1.2, table 7-6). */
export const levels = { commandMac: 0x01, commandEncryption: 0x02, responseMac: 0x10, responseEncryption: 0x20 } as const

/** Levels that EXTERNAL AUTHENTICATE may ask for: encryption never without the MAC, nothing on responses without it on commands. */
export const offeredLevels: readonly number[] = [0x01, 0x03, 0x11, 0x13, 0x33]

const macLength = 8

/** What INITIALIZE UPDATE leaves behind for EXTERNAL AUTHENTICATE. */
export class PendingChannel {
  readonly cardChallenge: Uint8Array
  readonly cardCryptogram: Uint8Array
  readonly #hostCryptogram: Uint8Array
  readonly #sEnc: Uint8Array
  readonly #sMac: Uint8Array
  readonly #sRmac: Uint8Array

  /** `sequence` and `aid` make the pseudo-random card challenge of i = 70 (Amendment D v1.2, 6.2.2.1). */
  constructor(keys: KeySet, hostChallenge: Uint8Array, sequence: number, aid: Uint8Array) {
    this.cardChallenge = deriveScp03(keys.enc, constants.cardChallenge, concatBytes(uintToBytes(sequence, 3), aid), 64)
    const context = concatBytes(hostChallenge, this.cardChallenge)
    const bits = keys.enc.length * 8
    this.#sEnc = deriveScp03(keys.enc, constants.sEnc, context, bits)
    this.#sMac = deriveScp03(keys.mac, constants.sMac, context, bits)
    this.#sRmac = deriveScp03(keys.mac, constants.sRmac, context, bits)
    this.cardCryptogram = deriveScp03(this.#sMac, constants.cardCryptogram, context, 64)
    this.#hostCryptogram = deriveScp03(this.#sMac, constants.hostCryptogram, context, 64)
  }

  isHost(cryptogram: Uint8Array): boolean {
    return equalSecrets(cryptogram, this.#hostCryptogram)
  }

  /** The session of this level, its counters at the start. */
  open(level: number): Scp03Session {
    return new Scp03Session(this.#sEnc, this.#sMac, this.#sRmac, level)
  }

  destroy(): void {
    for (const secret of [this.#hostCryptogram, this.#sEnc, this.#sMac, this.#sRmac]) secret.fill(0)
  }
}

/** The card's end of an SCP03 session, S8 mode (Amendment D v1.2, 6.2.4 to 6.2.7). Any refusal of `open` means that the session is over. */
export class Scp03Session {
  readonly level: number
  readonly #sEnc: Uint8Array
  readonly #sMac: Uint8Array
  readonly #sRmac: Uint8Array
  #chaining: Uint8Array = new Uint8Array(16)
  #counter = 0

  constructor(sEnc: Uint8Array, sMac: Uint8Array, sRmac: Uint8Array, level: number) {
    this.level = level
    this.#sEnc = sEnc.slice()
    this.#sMac = sMac.slice()
    this.#sRmac = sRmac.slice()
  }

  /**
   * Checks the C-MAC and gives the data field before it. The MAC covers the chaining value, the class byte as sent (the channel number is 0),
   * INS, P1, P2, and Lc in the coding in which it was sent. Refuses 6982.
   */
  checkMac(command: ReceivedCommand): Uint8Array {
    const { data, extended } = command
    if (data.length < macLength) refuse(SW.securityStatus)
    const lc = extended ? Uint8Array.of(0, data.length >> 8, data.length & 0xff) : Uint8Array.of(data.length)
    const body = data.slice(0, -macLength)
    const mac = aesCmac(this.#sMac, concatBytes(this.#chaining, Uint8Array.of(command.cla, command.ins, command.p1, command.p2), lc, body))
    if (!equalSecrets(mac.subarray(0, macLength), data.subarray(-macLength))) refuse(SW.securityStatus)
    this.#chaining = mac
    return body
  }

  /** C-MAC, then C-DECRYPTION where the level asks for it. Refuses 6982 for a wrong MAC and for a wrong padding alike. */
  open(command: ReceivedCommand): Uint8Array {
    const body = this.checkMac(command)
    if ((this.level & levels.commandEncryption) === 0) return body
    this.#counter++
    if (body.length === 0) return body
    if (body.length % 16 !== 0) refuse(SW.securityStatus)
    return unpad(decryptAesCbc(this.#sEnc, this.#icv(0x00), body)) ?? refuse(SW.securityStatus)
  }

  /** R-ENCRYPTION and R-MAC where the level asks for them; an error answer goes out bare (Amendment D v1.2, 6.2.5). */
  protect(response: ResponseApdu): ResponseApdu {
    const sw1 = response.sw >> 8
    if ((this.level & levels.responseMac) === 0) return response
    if (response.sw !== SW.ok && sw1 !== 0x62 && sw1 !== 0x63) return answer(undefined, response.sw)
    const encrypts = (this.level & levels.responseEncryption) !== 0 && response.data.length > 0
    const data = encrypts ? encryptAesCbc(this.#sEnc, this.#icv(0x80), pad(response.data, 16)) : response.data
    const mac = aesCmac(this.#sRmac, concatBytes(this.#chaining, data, uintToBytes(response.sw, 2)))
    return answer(concatBytes(data, mac.subarray(0, macLength)), response.sw)
  }

  /** Erases the keys. */
  destroy(): void {
    for (const secret of [this.#sEnc, this.#sMac, this.#sRmac, this.#chaining]) secret.fill(0)
  }

  // The counter block, encrypted: the response's differs from its command's in the first byte (6.2.7).
  #icv(first: 0x00 | 0x80): Uint8Array {
    const block = concatBytes(new Uint8Array(12), uintToBytes(this.#counter, 4))
    block[0] = first
    return encryptAesBlock(this.#sEnc, block)
  }
}
