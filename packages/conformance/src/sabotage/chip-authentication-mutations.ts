import { edit } from './mutated-files.ts'
import type { Mutation } from './mutation.ts'

/** Chip authentication (BSI TR-03110-3 v2.21, A.2 and A.4; Doc 9303-11, 8th ed., 6.2). */
export const chipAuthentication: readonly Mutation[] = [
  {
    name: 'CA: key counters swapped',
    terminal: [
      edit('caKeys', 'kdf9303(seed, 1,', 'kdf9303(seed, 9,'),
      edit('caKeys', 'kdf9303(seed, 2,', 'kdf9303(seed, 1,'),
      edit('caKeys', 'kdf9303(seed, 9,', 'kdf9303(seed, 2,'),
    ],
    card: [
      edit('cardCa', 'deriveKey(cipher, seed, 1)', 'deriveKey(cipher, seed, 9)'),
      edit('cardCa', 'deriveKey(cipher, seed, 2)', 'deriveKey(cipher, seed, 1)'),
      edit('cardCa', 'deriveKey(cipher, seed, 9)', 'deriveKey(cipher, seed, 2)'),
    ],
  },
  {
    name: 'CA: nonce before the secret',
    terminal: [edit('caKeys', 'concatBytes(secret, nonce)', 'concatBytes(nonce, secret)')],
    card: [edit('cardCa', 'concatBytes(secret, nonce)', 'concatBytes(nonce, secret)')],
  },
  {
    name: 'CA: keys without the nonce',
    terminal: [edit('caKeys', 'concatBytes(secret, nonce)', 'secret.slice()')],
    card: [edit('cardCa', 'concatBytes(secret, nonce)', 'secret.slice()')],
  },
  {
    name: 'CA: encryption key without the nonce',
    terminal: [edit('caKeys', 'kdf9303(seed, 1,', 'kdf9303(secret, 1,')],
    card: [edit('cardCa', 'deriveKey(cipher, seed, 1)', 'deriveKey(cipher, secret, 1)')],
  },
  {
    name: 'CA: MAC key without the nonce',
    terminal: [edit('caKeys', 'kdf9303(seed, 2,', 'kdf9303(secret, 2,')],
    card: [edit('cardCa', 'deriveKey(cipher, seed, 2)', 'deriveKey(cipher, secret, 2)')],
  },
  {
    name: 'CA: keys from the whole element',
    terminal: [edit('caAgreement', 'group.sharedSecret(privateKey, element)', 'group.power(element, privateKey)')],
    card: [edit('cardCa', 'group?.secret(element, key.privateKey)', 'group?.multiply(element, key.privateKey)')],
  },
  {
    name: 'CA: MAC key is the encryption key',
    terminal: [edit('caKeys', 'kdf9303(seed, 2,', 'kdf9303(seed, 1,')],
    card: [edit('cardCa', 'deriveKey(cipher, seed, 2)', 'deriveKey(cipher, seed, 1)')],
  },
  {
    name: 'CA token: without the protocol',
    terminal: [edit('caKeys', '[encodeOid(protocol.oid), ', '[')],
    card: [edit('cardCa', '[encodeTlv(0x06, oid), ', '[')],
  },
  {
    name: 'CA token: the protocol behind the key',
    terminal: [
      edit(
        'caKeys',
        `encodeTlv(0x7f49, [encodeOid(protocol.oid), encodeTlv(protocol.agreement === 'ecdh' ? 0x86 : 0x84, publicKey)])`,
        `encodeTlv(0x7f49, [encodeTlv(protocol.agreement === 'ecdh' ? 0x86 : 0x84, publicKey), encodeOid(protocol.oid)])`,
      ),
    ],
    card: [
      edit(
        'cardCa',
        `encodeTlv(0x7f49, [encodeTlv(0x06, oid), encodeTlv(agreement === 'ECDH' ? 0x86 : 0x84, terminalKey)])`,
        `encodeTlv(0x7f49, [encodeTlv(agreement === 'ECDH' ? 0x86 : 0x84, terminalKey), encodeTlv(0x06, oid)])`,
      ),
    ],
  },
  {
    name: 'CA token: a point in DO 84',
    terminal: [edit('caKeys', '? 0x86 : 0x84', '? 0x84 : 0x84')],
    card: [edit('cardCa', '? 0x86 : 0x84', '? 0x84 : 0x84')],
  },
  {
    name: 'CA token: an integer in DO 86',
    terminal: [edit('caKeys', '? 0x86 : 0x84', '? 0x86 : 0x86')],
    card: [edit('cardCa', '? 0x86 : 0x84', '? 0x86 : 0x86')],
  },
  {
    name: 'CA token: the last eight bytes of the MAC',
    terminal: [edit('caKeys', 'aesCmac(ksMac, input).slice(0, 8)', 'aesCmac(ksMac, input).slice(8)')],
    card: [edit('cardCa', 'aesCmac(ksMac, input).slice(0, 8)', 'aesCmac(ksMac, input).slice(8)')],
  },
  {
    name: 'CA token: over the first half of the key',
    terminal: [edit('caKeys', '? 0x86 : 0x84, publicKey)', '? 0x86 : 0x84, publicKey.subarray(0, publicKey.length >> 1))')],
    card: [edit('cardCa', '? 0x86 : 0x84, terminalKey)', '? 0x86 : 0x84, terminalKey.subarray(0, terminalKey.length >> 1))')],
  },
  {
    name: 'CA token: in DO 7C, not DO 7F49',
    terminal: [edit('caKeys', 'encodeTlv(0x7f49,', 'encodeTlv(0x7c,')],
    card: [edit('cardCa', 'encodeTlv(0x7f49,', 'encodeTlv(0x7c,')],
  },
]
