import { edit } from './mutated-files.ts'
import type { Mutation } from './mutation.ts'

/** Secure messaging with AES (Doc 9303-11, 8th ed., 9.8.6 and 9.8.7), and what both ciphers share. */
export const aesMessaging: readonly Mutation[] = [
  {
    name: 'AES SM: IV of zeros',
    terminal: [edit('suite', 'iv: aesEcbEncrypt', 'iv: () => new Uint8Array(16)')],
    card: [edit('cardCipher', '=> encryptAesBlock(key, counter)', '=> new Uint8Array(16)')],
  },
  {
    name: 'AES SM: IV is the counter in clear',
    terminal: [edit('suite', 'iv: aesEcbEncrypt', 'iv: (_key, ssc) => ssc.slice()')],
    card: [edit('cardCipher', '=> encryptAesBlock(key, counter)', '=> counter.slice()')],
  },
  {
    name: 'AES SM: counter of eight bytes in the IV',
    terminal: [edit('suite', 'iv: aesEcbEncrypt', 'iv: (key, ssc) => aesEcbEncrypt(key, Uint8Array.from(ssc, (_, i) => ssc[i + 8] ?? 0))')],
    card: [
      edit('cardCipher', 'encryptAesBlock(key, counter)', 'encryptAesBlock(key, Uint8Array.from(counter, (_, i) => counter[i + 8] ?? 0))'),
    ],
  },
  {
    name: 'AES SM: counter of eight bytes in the MAC',
    terminal: [
      edit('session', 'concatBytes(this.#ssc, header,', 'concatBytes(this.#ssc.subarray(-8), header,'),
      edit('session', 'concatBytes(this.#ssc, parts.authenticated)', 'concatBytes(this.#ssc.subarray(-8), parts.authenticated)'),
    ],
    card: [
      edit('cardSession', 'concatBytes(this.#counter, header,', 'concatBytes(this.#counter.subarray(-8), header,'),
      edit('cardSession', 'concatBytes(this.#counter, body)', 'concatBytes(this.#counter.subarray(-8), body)'),
    ],
  },
  {
    name: 'AES SM: the last eight bytes of the MAC',
    terminal: [edit('suite', 'aesCmac(ksMac, padded).slice(0, 8)', 'aesCmac(ksMac, padded).slice(8)')],
    card: [edit('cardCipher', 'aesCmac(key, blocks).subarray(0, 8)', 'aesCmac(key, blocks).subarray(8)')],
  },
  {
    name: 'AES SM: CBC-MAC, not CMAC',
    terminal: [edit('suite', 'aesCmac(ksMac, padded).slice(0, 8)', 'aesCbcEncrypt(ksMac, new Uint8Array(16), padded).slice(-16, -8)')],
    card: [edit('cardCipher', 'aesCmac(key, blocks).subarray(0, 8)', 'encryptAesCbc(key, new Uint8Array(16), blocks).slice(-16, -8)')],
  },
  {
    name: 'AES SM: counter starts at one',
    terminal: [
      edit(
        'paceToken',
        'ssc: new Uint8Array(paceCiphers[cipher].blockLength)',
        'ssc: new Uint8Array(paceCiphers[cipher].blockLength).fill(1, 15)',
      ),
    ],
    card: [edit('cardSession', '?? new Uint8Array(this.#cipher.blockLength)', '?? new Uint8Array(this.#cipher.blockLength).fill(1, 15)')],
  },
  {
    name: 'AES SM: encrypted with the MAC key',
    terminal: [
      edit('session', 'suite.encrypt(this.#ksEnc, suite.iv(this.#ksEnc,', 'suite.encrypt(this.#ksMac, suite.iv(this.#ksMac,'),
      edit('session', 'suite.decrypt(this.#ksEnc, suite.iv(this.#ksEnc,', 'suite.decrypt(this.#ksMac, suite.iv(this.#ksMac,'),
    ],
    card: [
      edit('cardSession', 'this.#cipher.decrypt(this.#encryptionKey,', 'this.#cipher.decrypt(this.#macKey,'),
      edit('cardSession', 'this.#cipher.encrypt(this.#encryptionKey,', 'this.#cipher.encrypt(this.#macKey,'),
    ],
  },
  {
    name: 'SM: encryption and MAC key swapped',
    terminal: [
      edit('session', 'this.#ksEnc = keys.ksEnc.slice()', 'this.#ksEnc = keys.ksMac.slice()'),
      edit('session', 'this.#ksMac = keys.ksMac.slice()', 'this.#ksMac = keys.ksEnc.slice()'),
    ],
    card: [
      edit('cardSession', 'this.#encryptionKey = encryptionKey.slice()', 'this.#encryptionKey = macKey.slice()'),
      edit('cardSession', 'this.#macKey = macKey.slice()', 'this.#macKey = encryptionKey.slice()'),
    ],
  },
  {
    name: 'SM: status before the cryptogram in an answer',
    terminal: [edit('protectedResponse', 'const status = objects.pop()', 'const status = objects.shift()')],
    card: [edit('cardSession', 'objects.push(encodeTlv(tags.status', 'objects.unshift(encodeTlv(tags.status')],
  },
  {
    name: 'SM: answer’s MAC without the status',
    terminal: [edit('session', 'concatBytes(this.#ssc, parts.authenticated)', 'concatBytes(this.#ssc, parts.authenticated.slice(0, -4))')],
    card: [edit('cardSession', 'concatBytes(this.#counter, body)', 'concatBytes(this.#counter, body.slice(0, -4))')],
  },
]
