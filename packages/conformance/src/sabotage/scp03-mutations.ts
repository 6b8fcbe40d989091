import { edit } from './mutated-files.ts'
import type { Mutation } from './mutation.ts'

/** SCP03 (GlobalPlatform Card Specification 2.3 Amendment D 1.2). */
export const scp03: readonly Mutation[] = [
  {
    name: 'SCP03: S-ENC constant 05',
    terminal: [edit('scp03Keys', 'sEnc: 0x04', 'sEnc: 0x05')],
    card: [edit('cardScp03Keys', 'sEnc: 0x04', 'sEnc: 0x05')],
  },
  {
    name: 'SCP03: S-MAC constant 05',
    terminal: [edit('scp03Keys', 'sMac: 0x06', 'sMac: 0x05')],
    card: [edit('cardScp03Keys', 'sMac: 0x06', 'sMac: 0x05')],
  },
  {
    name: 'SCP03: S-RMAC is S-MAC',
    terminal: [edit('scp03Keys', 'sRmac: 0x07', 'sRmac: 0x06')],
    card: [edit('cardScp03Keys', 'sRmac: 0x07', 'sRmac: 0x06')],
  },
  {
    name: 'SCP03: cryptogram constants swapped',
    terminal: [
      edit('scp03Keys', 'cardCryptogram: 0x00', 'cardCryptogram: 0x01'),
      edit('scp03Keys', 'hostCryptogram: 0x01', 'hostCryptogram: 0x00'),
    ],
    card: [
      edit('cardScp03Keys', 'cardCryptogram: 0x00', 'cardCryptogram: 0x01'),
      edit('cardScp03Keys', 'hostCryptogram: 0x01', 'hostCryptogram: 0x00'),
    ],
  },
  {
    name: 'SCP03: derivation length in bytes',
    terminal: [edit('scp03Keys', 'uintToBytes(bits, 2)', 'uintToBytes(bits / 8, 2)')],
    card: [edit('cardScp03Keys', 'uintToBytes(bits, 2)', 'uintToBytes(bits / 8, 2)')],
  },
  {
    name: 'SCP03: no separation byte after the label',
    terminal: [edit('scp03Keys', 'Uint8Array.of(constant, 0)', 'Uint8Array.of(constant)')],
    card: [edit('cardScp03Keys', 'Uint8Array.of(0), uintToBytes(bits, 2)', 'uintToBytes(bits, 2)')],
  },
  {
    name: 'SCP03: derivation counter starts at 0',
    terminal: [edit('kbkdf', 'uintToBytes(i, counterBits / 8)', 'uintToBytes(i - 1, counterBits / 8)')],
    card: [edit('cardScp03Keys', 'Uint8Array.of(counter), context', 'Uint8Array.of(counter - 1), context')],
  },
  {
    name: 'SCP03: card challenge before host challenge',
    terminal: [
      edit(
        'scp03Keys',
        'const context = concatBytes(hostChallenge, cardChallenge)',
        'const context = concatBytes(cardChallenge, hostChallenge)',
      ),
      edit('scp03Keys', 'constant, concatBytes(hostChallenge, cardChallenge)', 'constant, concatBytes(cardChallenge, hostChallenge)'),
    ],
    card: [edit('cardScp03', 'concatBytes(hostChallenge, cardChallenge)', 'concatBytes(cardChallenge, hostChallenge)')],
  },
  {
    name: 'SCP03: pseudo-random challenge from AID || counter',
    terminal: [edit('scp03Keys', 'concatBytes(sequenceCounter, aid)', 'concatBytes(aid, sequenceCounter)')],
    card: [edit('cardScp03', 'concatBytes(uintToBytes(sequence, 3), aid)', 'concatBytes(aid, uintToBytes(sequence, 3))')],
  },
  {
    name: 'SCP03: C-MAC not chained',
    terminal: [edit('scp03', 'concatBytes(this.#chainingValue, header, lc, data)', 'concatBytes(new Uint8Array(16), header, lc, data)')],
    card: [edit('cardScp03', 'concatBytes(this.#chaining, header, lc, body)', 'concatBytes(new Uint8Array(16), header, lc, body)')],
  },
  {
    name: 'SCP03: Lc in the C-MAC without the MAC itself',
    terminal: [
      edit('scp03', ': Uint8Array.of(length)', ': Uint8Array.of(length - this.macLength)'),
      edit('scp03Keys', '0, 2 * hostCryptogram.length', '0, hostCryptogram.length'),
    ],
    card: [edit('cardScp03', ': Uint8Array.of(data.length)', ': Uint8Array.of(data.length - this.#macLength)')],
  },
  {
    name: 'SCP03: the last eight bytes of the C-MAC',
    terminal: [
      edit(
        'scp03',
        'concatBytes(data, this.#chainingValue.subarray(0, this.macLength))',
        'concatBytes(data, this.#chainingValue.subarray(16 - this.macLength))',
      ),
      edit('scp03Open', 'chainingValue.subarray(0, macLength)', 'chainingValue.subarray(16 - macLength)'),
    ],
    card: [edit('cardScp03', 'equalSecrets(mac.subarray(0, this.#macLength),', 'equalSecrets(mac.subarray(16 - this.#macLength),')],
  },
  {
    name: 'SCP03: encryption counter never steps',
    terminal: [edit('scp03', 'this.#counter++', '')],
    card: [edit('cardScp03', 'this.#counter++', '')],
  },
  {
    name: 'SCP03: encryption counter steps on commands with data only',
    terminal: [edit('scp03', 'this.#counter++', 'if (command.data.length > 0) this.#counter++')],
    card: [edit('cardScp03', 'this.#counter++', 'if (body.length > 0) this.#counter++')],
  },
  {
    name: 'SCP03: counter block not encrypted into the ICV',
    terminal: [edit('scp03', 'return aesEcbEncrypt(this.#sEnc, block)', 'return block')],
    card: [edit('cardScp03', 'return encryptAesBlock(this.#keys.sEnc, block)', 'return block')],
  },
  {
    name: 'SCP03: response ICV is the command’s',
    terminal: [edit('scp03', 'this.#iv(0x80)', 'this.#iv(0)')],
    card: [edit('cardScp03', 'this.#icv(0x80)', 'this.#icv(0)')],
  },
  {
    name: 'SCP03: R-MAC without the status word',
    terminal: [edit('scp03', 'concatBytes(this.#chainingValue, body, uintToBytes(sw, 2))', 'concatBytes(this.#chainingValue, body)')],
    card: [edit('cardScp03', 'concatBytes(this.#chaining, data, uintToBytes(response.sw, 2))', 'concatBytes(this.#chaining, data)')],
  },
  {
    name: 'SCP03: R-MAC without the chaining value',
    terminal: [edit('scp03', 'concatBytes(this.#chainingValue, body, uintToBytes(sw, 2))', 'concatBytes(body, uintToBytes(sw, 2))')],
    card: [
      edit('cardScp03', 'concatBytes(this.#chaining, data, uintToBytes(response.sw, 2))', 'concatBytes(data, uintToBytes(response.sw, 2))'),
    ],
  },
  {
    name: 'SCP03: R-MAC under S-MAC',
    terminal: [edit('scp03', 'aesCmac(this.#sRmac,', 'aesCmac(this.#sMac,')],
    card: [edit('cardScp03', 'aesCmac(this.#keys.sRmac,', 'aesCmac(this.#keys.sMac,')],
  },
]
