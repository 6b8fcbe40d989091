import type { ReceivedCommand, ResponseApdu } from '@kart/apdu/card'
import { concatBytes, uintToBytes } from '@kart/codec'
import { aesCmac, decryptAesCbc, encryptAesBlock, encryptAesCbc } from '../card-crypto/aes.ts'
import { equalSecrets } from '../card-crypto/constant-time.ts'
import { pad, unpad } from '../card-crypto/padding.ts'
import type { KeySet } from '../memory/card-state.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { derivationConstants as constants, deriveScp03 } from './key-derivation.ts'
import type { Scp03Offer } from './scp03-offer.ts'

/** Bits of the security level (GlobalPlatform Amendment D v1.2, table 7-6). */
export const levels = { commandMac: 0x01, commandEncryption: 0x02, responseMac: 0x10, responseEncryption: 0x20 } as const

/** Keys of one session. */
interface ChannelKeys {
  readonly sEnc: Uint8Array
  readonly sMac: Uint8Array
  readonly sRmac: Uint8Array
  /** The static Key-DEK. */
  readonly dek: Uint8Array
}

function destroyKeys(keys: ChannelKeys): void {
  for (const secret of [keys.sEnc, keys.sMac, keys.sRmac, keys.dek]) secret.fill(0)
}

/** The pseudo-random card challenge: from the static Key-ENC, the sequence counter (3 bytes) and the security domain's AID (Amendment D v1.2, 6.2.2.1). */
export function pseudoRandomChallenge(enc: Uint8Array, sequence: number, aid: Uint8Array, length: number): Uint8Array {
  return deriveScp03(enc, constants.cardChallenge, concatBytes(uintToBytes(sequence, 3), aid), length * 8)
}

/** What INITIALIZE UPDATE leaves behind for EXTERNAL AUTHENTICATE. */
export class PendingChannel {
  readonly version: number
  readonly cardCryptogram: Uint8Array
  readonly #offer: Scp03Offer
  readonly #hostCryptogram: Uint8Array
  readonly #keys: ChannelKeys

  /** Both challenges as long as the mode has them: 8 bytes, 16 in S16. */
  constructor(keys: KeySet, offer: Scp03Offer, hostChallenge: Uint8Array, cardChallenge: Uint8Array) {
    const context = concatBytes(hostChallenge, cardChallenge)
    const bits = keys.enc.length * 8
    this.version = keys.version
    this.#offer = offer
    this.#keys = {
      sEnc: deriveScp03(keys.enc, constants.sEnc, context, bits),
      sMac: deriveScp03(keys.mac, constants.sMac, context, bits),
      sRmac: deriveScp03(keys.mac, constants.sRmac, context, bits),
      dek: keys.dek.slice(),
    }
    this.cardCryptogram = deriveScp03(this.#keys.sMac, constants.cardCryptogram, context, offer.macLength * 8)
    this.#hostCryptogram = deriveScp03(this.#keys.sMac, constants.hostCryptogram, context, offer.macLength * 8)
  }

  isHost(cryptogram: Uint8Array): boolean {
    return equalSecrets(cryptogram, this.#hostCryptogram)
  }

  /** The session of this level, its counters at the start. */
  open(level: number): Scp03Session {
    return new Scp03Session(this.#keys, this.#offer.macLength, level, this.version)
  }

  destroy(): void {
    this.#hostCryptogram.fill(0)
    destroyKeys(this.#keys)
  }
}

/** The card's end of an SCP03 session (Amendment D v1.2, 6.2.4 to 6.2.8). Any refusal of `open` means that the session is over. */
export class Scp03Session {
  readonly level: number
  /** Version of the key set that the session was opened with. */
  readonly version: number
  readonly #keys: ChannelKeys
  readonly #macLength: 8 | 16
  #chaining: Uint8Array = new Uint8Array(16)
  #counter = 0

  constructor(keys: ChannelKeys, macLength: 8 | 16, level: number, version: number) {
    this.level = level
    this.version = version
    this.#macLength = macLength
    this.#keys = { sEnc: keys.sEnc.slice(), sMac: keys.sMac.slice(), sRmac: keys.sRmac.slice(), dek: keys.dek.slice() }
  }

  /**
   * Checks the C-MAC and gives the data field before it. The MAC covers the chaining value, the class byte as sent (the channel number is 0),
   * INS, P1, P2, and Lc in the coding in which it was sent. Refuses 6982.
   */
  checkMac(command: ReceivedCommand): Uint8Array {
    const { data, extended } = command
    if (data.length < this.#macLength) refuse(SW.securityStatus)
    const lc = extended ? Uint8Array.of(0, data.length >> 8, data.length & 0xff) : Uint8Array.of(data.length)
    const body = data.slice(0, -this.#macLength)
    const header = Uint8Array.of(command.cla, command.ins, command.p1, command.p2)
    const mac = aesCmac(this.#keys.sMac, concatBytes(this.#chaining, header, lc, body))
    if (!equalSecrets(mac.subarray(0, this.#macLength), data.subarray(-this.#macLength))) refuse(SW.securityStatus)
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
    return unpad(decryptAesCbc(this.#keys.sEnc, this.#icv(0x00), body)) ?? refuse(SW.securityStatus)
  }

  /** R-ENCRYPTION and R-MAC where the level asks for them; an error answer goes out bare (Amendment D v1.2, 6.2.5). */
  protect(response: ResponseApdu): ResponseApdu {
    const sw1 = response.sw >> 8
    if ((this.level & levels.responseMac) === 0) return response
    if (response.sw !== SW.ok && sw1 !== 0x62 && sw1 !== 0x63) return answer(undefined, response.sw)
    const encrypts = (this.level & levels.responseEncryption) !== 0 && response.data.length > 0
    const data = encrypts ? encryptAesCbc(this.#keys.sEnc, this.#icv(0x80), pad(response.data, 16)) : response.data
    const mac = aesCmac(this.#keys.sRmac, concatBytes(this.#chaining, data, uintToBytes(response.sw, 2)))
    return answer(concatBytes(data, mac.subarray(0, this.#macLength)), response.sw)
  }

  /** Opens a key that came under the static Key-DEK: AES-CBC, zero ICV, whole blocks of 16 (Amendment D v1.2, 6.2.8). */
  decryptKey(data: Uint8Array): Uint8Array {
    return decryptAesCbc(this.#keys.dek, new Uint8Array(16), data)
  }

  /** Most bytes that an answer may have to fit a short Le when it goes out protected. */
  get shortAnswer(): number {
    if ((this.level & levels.responseMac) === 0) return 256
    const room = 256 - this.#macLength
    return (this.level & levels.responseEncryption) === 0 ? room : room - (room % 16) - 1
  }

  /** Erases the keys. */
  destroy(): void {
    destroyKeys(this.#keys)
    this.#chaining.fill(0)
  }

  // The counter block, encrypted: the response's differs from its command's in the first byte (6.2.7).
  #icv(first: 0x00 | 0x80): Uint8Array {
    const block = concatBytes(new Uint8Array(12), uintToBytes(this.#counter, 4))
    block[0] = first
    return encryptAesBlock(this.#keys.sEnc, block)
  }
}
