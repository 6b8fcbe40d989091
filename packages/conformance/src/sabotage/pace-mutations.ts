import { edit } from './mutated-files.ts'
import type { Mutation } from './mutation.ts'

/** PACE (Doc 9303-11, 8th ed., 4.4): password, nonce, keys, objects. */
export const pace: readonly Mutation[] = [
  {
    name: 'PACE: K_pi with counter 1',
    terminal: [edit('pacePassword', 'kdf9303(this.#secret, 3, cipher)', 'kdf9303(this.#secret, 1, cipher)')],
    card: [edit('cardPace', 'deriveKey(protocol.cipher, secret, 3)', 'deriveKey(protocol.cipher, secret, 1)')],
  },
  {
    name: 'PACE: K_pi with counter 2',
    terminal: [edit('pacePassword', 'kdf9303(this.#secret, 3, cipher)', 'kdf9303(this.#secret, 2, cipher)')],
    card: [edit('cardPace', 'deriveKey(protocol.cipher, secret, 3)', 'deriveKey(protocol.cipher, secret, 2)')],
  },
  {
    name: 'PACE: references of MRZ and CAN swapped',
    terminal: [edit('pacePassword', '{ mrz: 1, can: 2,', '{ mrz: 2, can: 1,')],
    card: [edit('cardPassword', '{ mrz: 0x01, can: 0x02,', '{ mrz: 0x02, can: 0x01,')],
  },
  {
    name: 'PACE: nonce sent in clear',
    terminal: [edit('paceMapping', 'suite.decrypt(kPi, encryptedNonce)', 'encryptedNonce.slice()')],
    card: [edit('cardPace', 'cipher.encrypt(passwordKey, this.#nonce)', 'this.#nonce.slice()')],
  },
  {
    name: 'PACE: nonce decrypted by the card, encrypted by the terminal',
    terminal: [edit('paceMapping', 'suite.decrypt(kPi, encryptedNonce)', 'suite.encrypt(kPi, encryptedNonce)')],
    card: [edit('cardPace', 'cipher.encrypt(passwordKey, this.#nonce)', 'cipher.decrypt(passwordKey, this.#nonce)')],
  },
  {
    name: 'PACE: nonce under an IV of ones',
    terminal: [edit('paceMapping', 'suite.decrypt(kPi, encryptedNonce)', 'suite.decrypt(kPi, encryptedNonce).map((byte) => byte ^ 1)')],
    card: [
      edit('cardPace', 'cipher.encrypt(passwordKey, this.#nonce)', 'cipher.encrypt(passwordKey, this.#nonce.map((byte) => byte ^ 1))'),
    ],
  },
  {
    name: 'PACE: keys agreed with the old generator',
    terminal: [edit('pace', '= this.#keyPair(generator)', '= this.#keyPair(this.#group.generator)')],
    card: [edit('cardPace', 'this.#publicKey = products.element(this.#generator)', 'this.#publicKey = products.generator()')],
  },
  {
    name: 'PACE: session keys from the whole element',
    terminal: [
      edit(
        'pace',
        'this.#group.sharedSecret(privateKey, this.#group.check(chipPublicKey))',
        'this.#group.power(this.#group.check(chipPublicKey), privateKey)',
      ),
    ],
    card: [edit('cardPace', 'products.secret(taken ?? this.#generator)', 'products.element(taken ?? this.#generator)')],
  },
  {
    name: 'PACE: session key counters swapped',
    terminal: [
      edit('paceToken', 'kdf9303(sharedSecret, 1, cipher)', 'kdf9303(sharedSecret, 9, cipher)'),
      edit('paceToken', 'kdf9303(sharedSecret, 2, cipher)', 'kdf9303(sharedSecret, 1, cipher)'),
      edit('paceToken', 'kdf9303(sharedSecret, 9, cipher)', 'kdf9303(sharedSecret, 2, cipher)'),
    ],
    card: [
      edit('cardPace', 'deriveKey(protocol.cipher, sharedSecret, 1)', 'deriveKey(protocol.cipher, sharedSecret, 9)'),
      edit('cardPace', 'deriveKey(protocol.cipher, sharedSecret, 2)', 'deriveKey(protocol.cipher, sharedSecret, 1)'),
      edit('cardPace', 'deriveKey(protocol.cipher, sharedSecret, 9)', 'deriveKey(protocol.cipher, sharedSecret, 2)'),
    ],
  },
  {
    name: 'PACE: encryption key with the counter of K_pi',
    terminal: [edit('paceToken', 'kdf9303(sharedSecret, 1, cipher)', 'kdf9303(sharedSecret, 3, cipher)')],
    card: [edit('cardPace', 'deriveKey(protocol.cipher, sharedSecret, 1)', 'deriveKey(protocol.cipher, sharedSecret, 3)')],
  },
  {
    name: 'PACE: MAC key with the counter of K_pi',
    terminal: [edit('paceToken', 'kdf9303(sharedSecret, 2, cipher)', 'kdf9303(sharedSecret, 3, cipher)')],
    card: [edit('cardPace', 'deriveKey(protocol.cipher, sharedSecret, 2)', 'deriveKey(protocol.cipher, sharedSecret, 3)')],
  },
  {
    name: 'PACE: arcs of generic and integrated mapping swapped',
    terminal: [
      edit('paceProtocol', `{ arc: 2, agreement: 'ecdh', mapping: 'gm' }`, `{ arc: 4, agreement: 'ecdh', mapping: 'gm' }`),
      edit('paceProtocol', `{ arc: 4, agreement: 'ecdh', mapping: 'im' }`, `{ arc: 2, agreement: 'ecdh', mapping: 'im' }`),
    ],
    card: [
      edit('cardPaceProtocol', `{ arc: 2, agreement: 'ECDH', mapping: 'GM' }`, `{ arc: 4, agreement: 'ECDH', mapping: 'GM' }`),
      edit('cardPaceProtocol', `{ arc: 4, agreement: 'ECDH', mapping: 'IM' }`, `{ arc: 2, agreement: 'ECDH', mapping: 'IM' }`),
    ],
  },
  {
    name: 'PACE: arcs of points and integers swapped',
    terminal: [
      edit('paceProtocol', `{ arc: 1, agreement: 'dh', mapping: 'gm' }`, `{ arc: 2, agreement: 'dh', mapping: 'gm' }`),
      edit('paceProtocol', `{ arc: 2, agreement: 'ecdh', mapping: 'gm' }`, `{ arc: 1, agreement: 'ecdh', mapping: 'gm' }`),
    ],
    card: [
      edit('cardPaceProtocol', `{ arc: 1, agreement: 'DH', mapping: 'GM' }`, `{ arc: 2, agreement: 'DH', mapping: 'GM' }`),
      edit('cardPaceProtocol', `{ arc: 2, agreement: 'ECDH', mapping: 'GM' }`, `{ arc: 1, agreement: 'ECDH', mapping: 'GM' }`),
    ],
  },
  {
    name: 'PACE: no chaining bit',
    terminal: [edit('paceCommands', 'more: !step.last', 'more: false')],
    card: [
      edit(
        'cardPaceSteps',
        `if (stage !== 'token' && !more) refuse(SW.conditions)`,
        `if (stage !== 'token' && more) refuse(SW.conditions)`,
      ),
    ],
  },
  {
    name: 'PACE: the card’s mapping data in DO 81',
    terminal: [
      edit('paceCommands', 'mapping: { sends: 0x81, answers: [{ tag: 0x82 }]', 'mapping: { sends: 0x81, answers: [{ tag: 0x81 }]'),
      edit('paceCommands', '{ tag: 0x82, optional: true }', '{ tag: 0x81, optional: true }'),
      edit('pace', 'answer.get(0x82)!', 'answer.get(0x81)!'),
    ],
    card: [edit('cardPaceSteps', 'mapped: 0x82', 'mapped: 0x81')],
  },
  {
    name: 'PACE: public keys of the agreement change objects',
    terminal: [
      edit('paceCommands', '{ sends: 0x83, answers: [{ tag: 0x84 }]', '{ sends: 0x84, answers: [{ tag: 0x83 }]'),
      edit('pace', 'answer.get(0x84)!', 'answer.get(0x83)!'),
    ],
    card: [edit('cardPaceSteps', 'terminalKey: 0x83, chipKey: 0x84', 'terminalKey: 0x84, chipKey: 0x83')],
  },
]

/** The mappings of PACE (Doc 9303-11, 8th ed., 4.4.3.3). */
export const paceMapping: readonly Mutation[] = [
  {
    name: 'PACE GM: the nonce little-endian',
    terminal: [edit('paceMapping', 'group.power(group.generator, nonce)', 'group.power(group.generator, nonce.toReversed())')],
    card: [edit('cardPaceMapping', 'toInteger(nonce), group.order', 'toInteger(nonce.toReversed()), group.order')],
  },
  {
    name: 'PACE GM: mapped generator without the agreed element',
    terminal: [
      edit('paceMapping', 'group.combine(group.power(group.generator, nonce), sharedSecretH)', 'group.power(group.generator, nonce)'),
    ],
    card: [
      edit('cardPaceMapping', 'group.combine(group.multiplier(scalar).generator(), sharedElement)', 'group.multiplier(scalar).generator()'),
    ],
  },
  {
    name: 'PACE GM: mapped generator without the nonce',
    terminal: [
      edit(
        'paceMapping',
        'group.combine(group.power(group.generator, nonce), sharedSecretH)',
        'group.combine(group.generator, sharedSecretH)',
      ),
    ],
    card: [
      edit(
        'cardPaceMapping',
        'group.combine(group.multiplier(scalar).generator(), sharedElement)',
        'group.combine(group.generator, sharedElement)',
      ),
    ],
  },
  {
    name: 'PACE GM: the nonce multiplies the agreed element',
    terminal: [
      edit(
        'paceMapping',
        'group.combine(group.power(group.generator, nonce), sharedSecretH)',
        'group.combine(group.generator, group.power(sharedSecretH, nonce))',
      ),
    ],
    card: [
      edit(
        'cardPaceMapping',
        'group.combine(group.multiplier(scalar).generator(), sharedElement)',
        'group.combine(group.generator, group.multiply(sharedElement, scalar))',
      ),
    ],
  },
  {
    name: 'PACE GM: the agreed element taken twice',
    terminal: [
      edit(
        'paceMapping',
        'group.combine(group.power(group.generator, nonce), sharedSecretH)',
        'group.combine(group.combine(group.power(group.generator, nonce), sharedSecretH), sharedSecretH)',
      ),
    ],
    card: [
      edit(
        'cardPaceMapping',
        'group.combine(group.multiplier(scalar).generator(), sharedElement)',
        'group.combine(group.combine(group.multiplier(scalar).generator(), sharedElement)!, sharedElement)',
      ),
    ],
  },
  {
    name: 'PACE IM: constants swapped',
    terminal: [
      edit('paceMapping', 'encrypt(used, c1)', 'encrypt(used, c9)'),
      edit('paceMapping', 'encrypt(used, c0)', 'encrypt(used, c1)'),
      edit('paceMapping', 'encrypt(used, c9)', 'encrypt(used, c0)'),
    ],
    card: [
      edit('cardPaceMapping', 'encrypt(key, c1)', 'encrypt(key, c9)'),
      edit('cardPaceMapping', 'encrypt(key, c0)', 'encrypt(key, c1)'),
      edit('cardPaceMapping', 'encrypt(key, c9)', 'encrypt(key, c0)'),
    ],
  },
  {
    name: 'PACE IM: the nonces change places',
    terminal: [edit('paceMapping', 'encrypt(additionalNonce, nonce)', 'encrypt(nonce, additionalNonce)')],
    card: [edit('cardPaceMapping', 'encrypt(additionalNonce, nonce)', 'encrypt(nonce, additionalNonce)')],
  },
  {
    name: 'PACE IM: no bits to spare',
    terminal: [edit('paceMapping', '(fieldBits + 64)', 'fieldBits')],
    card: [edit('cardPaceMapping', 'bits < fieldBits + 64', 'bits < fieldBits')],
  },
  {
    name: 'PACE IM: blocks in the other order',
    terminal: [edit('paceMapping', 'joinBytes(blocks)', 'joinBytes(blocks.toReversed())')],
    card: [edit('cardPaceMapping', 'joinBytes(blocks)', 'joinBytes(blocks.toReversed())')],
  },
  {
    name: 'PACE IM: the key does not step',
    terminal: [edit('paceMapping', 'const used = key.subarray(0, keyLength)', 'const used = encrypt(additionalNonce, nonce)')],
    card: [
      edit(
        'cardPaceMapping',
        `key = encrypt(key, c0).subarray(0, keyLength)
`,
        '',
      ),
    ],
  },
  {
    name: 'PACE IM: the opposite point',
    terminal: [
      edit('pointEncoding', 'y: Fp.mul(root, h2)', 'y: Fp.neg(Fp.mul(root, h2))'),
      edit('pointEncoding', 'y: Fp.mul(root, u)', 'y: Fp.neg(Fp.mul(root, u))'),
    ],
    card: [
      edit('cardCurve', 'y: mod(root * h2, p)', 'y: mod(-root * h2, p)'),
      edit('cardCurve', 'y: mod(root * u, p)', 'y: mod(-root * u, p)'),
    ],
  },
  {
    name: 'PACE IM over integers: raised to the order’s cofactor plus one',
    terminal: [
      edit(
        'modpGroup',
        'bigIntToBytes((this.#p - 1n) / this.#q, this.elementLength)',
        'bigIntToBytes((2n * (this.#p - 1n)) / this.#q, this.elementLength)',
      ),
    ],
    card: [edit('cardDhGroup', '(this.#p - 1n) / this.order, this.#p)', '(2n * (this.#p - 1n)) / this.order, this.#p)')],
  },
  {
    name: 'PACE CAM: IV of zeros',
    terminal: [edit('paceChip', 'return aesEcbEncrypt(ksEnc, new Uint8Array(16).fill(0xff))', 'return new Uint8Array(16)')],
    card: [edit('cardPaceToken', 'encryptAesBlock(encryptionKey, new Uint8Array(16).fill(0xff))', 'new Uint8Array(16)')],
  },
  {
    name: 'PACE CAM: IV from a block of zeros',
    terminal: [edit('paceChip', 'new Uint8Array(16).fill(0xff)', 'new Uint8Array(16)')],
    card: [edit('cardPaceToken', 'new Uint8Array(16).fill(0xff)', 'new Uint8Array(16)')],
  },
  {
    name: 'PACE CAM: data not padded',
    terminal: [edit('paceChip', 'unpadMethod2(padded, 16)', 'padded')],
    card: [edit('cardPaceToken', 'encryptAesCbc(encryptionKey, iv, pad(data, 16))', 'encryptAesCbc(encryptionKey, iv, data)')],
  },
  {
    name: 'PACE CAM: data under the MAC key',
    terminal: [edit('pace', 'this.#keepChipAuthentication(keys.ksEnc,', 'this.#keepChipAuthentication(keys.ksMac,')],
    card: [
      edit('cardPace', 'encryptChipAuthenticationData(this.#encryptionKey, proof)', 'encryptChipAuthenticationData(this.#macKey, proof)'),
    ],
  },
  {
    name: 'PACE CAM: static and mapping key change places',
    terminal: [
      edit(
        'paceChip',
        'equalBytes(group.power(group.check(staticPublicKey), evidence.chipAuthenticationData), evidence.mappingPublicKey)',
        'equalBytes(group.power(group.check(evidence.mappingPublicKey), evidence.chipAuthenticationData), staticPublicKey)',
      ),
    ],
    card: [
      edit('cardChipKey', 'modInverse(toInteger(privateKey), group.order)', 'modInverse(toInteger(mappingKey), group.order)'),
      edit('cardChipKey', '(inverse * toInteger(mappingKey))', '(inverse * toInteger(privateKey))'),
    ],
  },
]

/** The tokens of PACE (Doc 9303-11, 8th ed., 4.4.3.4). */
export const paceToken: readonly Mutation[] = [
  {
    name: 'PACE token: over the sender’s own key',
    terminal: [
      edit('pace', 'keys.ksMac, chipPublicKey))', 'keys.ksMac, TERMINAL))'),
      edit('pace', 'keys.ksMac, terminalPublicKey))', 'keys.ksMac, chipPublicKey))'),
      edit('pace', 'keys.ksMac, TERMINAL))', 'keys.ksMac, terminalPublicKey))'),
    ],
    card: [
      edit('cardPace', 'this.#macKey, this.#publicKey)', 'this.#macKey, OTHER)'),
      edit('cardPace', 'this.#macKey, this.#terminalKey)', 'this.#macKey, this.#publicKey)'),
      edit('cardPace', 'this.#macKey, OTHER)', 'this.#macKey, this.#terminalKey)'),
    ],
  },
  {
    name: 'PACE token: under the encryption key',
    terminal: [
      edit('pace', 'keys.ksMac, chipPublicKey))', 'keys.ksEnc, chipPublicKey))'),
      edit('pace', 'keys.ksMac, terminalPublicKey))', 'keys.ksEnc, terminalPublicKey))'),
    ],
    card: [
      edit('cardPace', 'this.#macKey, this.#publicKey)', 'this.#encryptionKey, this.#publicKey)'),
      edit('cardPace', 'this.#macKey, this.#terminalKey)', 'this.#encryptionKey, this.#terminalKey)'),
    ],
  },
  {
    name: 'PACE token: without the protocol',
    terminal: [
      edit(
        'paceToken',
        'encodeTlv(0x7f49, [encodeTlv(0x06, protocolOidBytes(protocol)), encodeTlv(tag, publicKey)])',
        'encodeTlv(0x7f49, encodeTlv(tag, publicKey))',
      ),
    ],
    card: [
      edit(
        'cardPaceToken',
        'encodeTlv(0x7f49, concatBytes(encodeTlv(0x06, protocol.oid), encodeTlv(tag, publicKey)))',
        'encodeTlv(0x7f49, encodeTlv(tag, publicKey))',
      ),
    ],
  },
  {
    name: 'PACE token: the protocol behind the key',
    terminal: [
      edit(
        'paceToken',
        'encodeTlv(0x7f49, [encodeTlv(0x06, protocolOidBytes(protocol)), encodeTlv(tag, publicKey)])',
        'encodeTlv(0x7f49, [encodeTlv(tag, publicKey), encodeTlv(0x06, protocolOidBytes(protocol))])',
      ),
    ],
    card: [
      edit(
        'cardPaceToken',
        'encodeTlv(0x7f49, concatBytes(encodeTlv(0x06, protocol.oid), encodeTlv(tag, publicKey)))',
        'encodeTlv(0x7f49, concatBytes(encodeTlv(tag, publicKey), encodeTlv(0x06, protocol.oid)))',
      ),
    ],
  },
  {
    name: 'PACE token: a point in DO 84',
    terminal: [edit('paceToken', '? 0x86 : 0x84', '? 0x84 : 0x84')],
    card: [edit('cardPaceToken', '? 0x86 : 0x84', '? 0x84 : 0x84')],
  },
  {
    name: 'PACE token: an integer in DO 86',
    terminal: [edit('paceToken', '? 0x86 : 0x84', '? 0x86 : 0x86')],
    card: [edit('cardPaceToken', '? 0x86 : 0x84', '? 0x86 : 0x86')],
  },
  {
    name: 'PACE token: over the first half of the key',
    terminal: [edit('paceToken', 'encodeTlv(tag, publicKey)])', 'encodeTlv(tag, publicKey.subarray(0, publicKey.length >> 1))])')],
    card: [edit('cardPaceToken', 'encodeTlv(tag, publicKey)))', 'encodeTlv(tag, publicKey.subarray(0, publicKey.length >> 1))))')],
  },
  {
    name: 'PACE token: in DO 7C, not DO 7F49',
    terminal: [edit('paceToken', 'encodeTlv(0x7f49,', 'encodeTlv(0x7c,')],
    card: [edit('cardPaceToken', 'encodeTlv(0x7f49,', 'encodeTlv(0x7c,')],
  },
  {
    name: 'PACE token: the last eight bytes of the MAC',
    terminal: [edit('paceCipher', 'aesCmac(key, data).slice(0, 8)', 'aesCmac(key, data).slice(8)')],
    card: [edit('cardPaceCipher', 'aesCmac(key, message).slice(0, 8)', 'aesCmac(key, message).slice(8)')],
  },
]
