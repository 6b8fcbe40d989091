import type { Edit } from './bundle.ts'

/** One mistake, made on both sides at once: terminal and card still agree with each other, and only the outside vectors can tell. */
export interface Mutation {
  readonly name: string
  readonly terminal: readonly Edit[]
  readonly card: readonly Edit[]
}

const files = {
  bac: 'packages/secure-channel/src/bac/mutual-authentication.ts',
  session: 'packages/secure-channel/src/secure-messaging/emrtd-session.ts',
  scp03: 'packages/secure-channel/src/scp03/scp03-session.ts',
  scp03Keys: 'packages/secure-channel/src/scp03/derivation.ts',
  scp03Open: 'packages/secure-channel/src/scp03/open-scp03.ts',
  initializeUpdate: 'packages/apdu/src/commands/secure-channel-opening.ts',
  putKey: 'packages/apdu/src/commands/key-management.ts',
  kbkdf: 'packages/crypto/src/key-derivation.ts',
  padding: 'packages/crypto/src/padding.ts',
  des: 'packages/crypto/src/des.ts',
  cardBac: 'packages/emulator/src/emrtd/bac.ts',
  cardSession: 'packages/emulator/src/emrtd/secure-messaging.ts',
  cardScp03: 'packages/emulator/src/security-domain/scp03.ts',
  cardScp03Open: 'packages/emulator/src/security-domain/secure-channel.ts',
  cardKeySets: 'packages/emulator/src/security-domain/key-sets.ts',
  cardScp03Keys: 'packages/emulator/src/security-domain/key-derivation.ts',
  cardPadding: 'packages/emulator/src/card-crypto/padding.ts',
  cardDes: 'packages/emulator/src/card-crypto/triple-des.ts',
} as const

const edit = (file: keyof typeof files, find: string, replace: string): Edit => ({ file: files[file], find, replace })

/** Basic access control (Doc 9303-11, 8th ed., 4.3). */
const bac: readonly Mutation[] = [
  {
    name: 'BAC: RND.IC before RND.IFD',
    terminal: [
      edit('bac', 'concatBytes(nonces.rndIfd, nonces.rndIc, nonces.kIfd)', 'concatBytes(nonces.rndIc, nonces.rndIfd, nonces.kIfd)'),
    ],
    card: [
      edit('cardBac', 'equalSecrets(plain.subarray(8, 16),', 'equalSecrets(plain.subarray(0, 8),'),
      edit('cardBac', 'const terminalRandom = plain.subarray(0, 8)', 'const terminalRandom = plain.subarray(8, 16)'),
    ],
  },
  {
    name: 'BAC: encryption and MAC key counters swapped',
    terminal: [
      edit('bac', "kdf9303(seed, 1, 'desede')", "kdf9303(seed, 9, 'desede')"),
      edit('bac', "kdf9303(seed, 2, 'desede')", "kdf9303(seed, 1, 'desede')"),
      edit('bac', "kdf9303(seed, 9, 'desede')", "kdf9303(seed, 2, 'desede')"),
    ],
    card: [
      edit('cardBac', 'deriveTripleDesKey(seed, 1)', 'deriveTripleDesKey(seed, 9)'),
      edit('cardBac', 'deriveTripleDesKey(seed, 2)', 'deriveTripleDesKey(seed, 1)'),
      edit('cardBac', 'deriveTripleDesKey(seed, 9)', 'deriveTripleDesKey(seed, 2)'),
    ],
  },
  {
    name: 'BAC: key derivation counter starts at 0',
    terminal: [
      edit('bac', "kdf9303(seed, 1, 'desede')", "kdf9303(seed, 0, 'desede')"),
      edit('bac', "kdf9303(seed, 2, 'desede')", "kdf9303(seed, 1, 'desede')"),
    ],
    card: [
      edit('cardBac', 'deriveTripleDesKey(seed, 1)', 'deriveTripleDesKey(seed, 0)'),
      edit('cardBac', 'deriveTripleDesKey(seed, 2)', 'deriveTripleDesKey(seed, 1)'),
    ],
  },
  {
    name: 'BAC: key seed is K.IFD alone',
    terminal: [edit('bac', 'nonces.kIfd.map((byte, i) => byte ^ kIc[i]!)', 'nonces.kIfd.slice()')],
    card: [edit('cardBac', 'Uint8Array.from(terminalKey, (byte, i) => byte ^ cardKey[i]!)', 'Uint8Array.from(terminalKey)')],
  },
  {
    name: 'BAC: counter from the first halves of the nonces',
    terminal: [
      edit(
        'bac',
        'concatBytes(nonces.rndIc.slice(4), nonces.rndIfd.slice(4))',
        'concatBytes(nonces.rndIc.slice(0, 4), nonces.rndIfd.slice(0, 4))',
      ),
    ],
    card: [
      edit(
        'cardBac',
        'concatBytes(challenge.subarray(4), terminalRandom.subarray(4))',
        'concatBytes(challenge.subarray(0, 4), terminalRandom.subarray(0, 4))',
      ),
    ],
  },
  {
    name: 'BAC: halves of the counter swapped',
    terminal: [
      edit(
        'bac',
        'concatBytes(nonces.rndIc.slice(4), nonces.rndIfd.slice(4))',
        'concatBytes(nonces.rndIfd.slice(4), nonces.rndIc.slice(4))',
      ),
    ],
    card: [
      edit(
        'cardBac',
        'concatBytes(challenge.subarray(4), terminalRandom.subarray(4))',
        'concatBytes(terminalRandom.subarray(4), challenge.subarray(4))',
      ),
    ],
  },
  {
    name: 'BAC: MAC over an unpadded cryptogram',
    terminal: [
      edit('bac', 'retailMac(keys.kMac, eIfd)', "retailMac(keys.kMac, eIfd, 'none')"),
      edit('bac', 'retailMac(keys.kMac, eIc)', "retailMac(keys.kMac, eIc, 'none')"),
    ],
    card: [
      edit(
        'cardBac',
        'import { decryptTripleDes, encryptTripleDes, retailMac }',
        'import { decryptTripleDes, encryptTripleDes, retailMacOfBlocks as retailMac }',
      ),
    ],
  },
  {
    name: 'BAC: the card answers with the nonces in the order it got them',
    terminal: [edit('bac', 'concatBytes(nonces.rndIc, nonces.rndIfd))', 'concatBytes(nonces.rndIfd, nonces.rndIc))')],
    card: [edit('cardBac', 'concatBytes(challenge, terminalRandom, cardKey)', 'concatBytes(terminalRandom, challenge, cardKey)')],
  },
]

/** Secure messaging with triple DES (Doc 9303-11, 8th ed., 9.8). */
const secureMessaging: readonly Mutation[] = [
  {
    name: 'SM: counter not stepped before a command',
    terminal: [edit('session', 'this.#stepCounter()\n      this.#oddInstruction', 'this.#oddInstruction')],
    card: [edit('cardSession', 'this.#step()\n    const authenticated', 'const authenticated')],
  },
  {
    name: 'SM: counter not stepped before a response',
    terminal: [edit('session', 'this.#stepCounter()\n    const mac', 'const mac')],
    card: [edit('cardSession', 'this.#step()\n    const objects', 'const objects')],
  },
  {
    name: 'SM: counter runs little-endian',
    terminal: [edit('session', 'for (let i = this.#ssc.length - 1; i >= 0; i--)', 'for (let i = 0; i < this.#ssc.length; i++)')],
    card: [edit('cardSession', 'for (let i = this.#counter.length - 1; i >= 0; i--)', 'for (let i = 0; i < this.#counter.length; i++)')],
  },
  {
    name: 'padding begins with 81',
    terminal: [
      edit('padding', 'out[data.length] = 0x80', 'out[data.length] = 0x81'),
      edit('padding', 'padded[end] !== 0x80', 'padded[end] !== 0x81'),
    ],
    card: [
      edit('cardPadding', 'out[data.length] = 0x80', 'out[data.length] = 0x81'),
      edit('cardPadding', 'data[end] === 0x80', 'data[end] === 0x81'),
    ],
  },
  {
    name: 'SM: padding indicator 02',
    terminal: [edit('session', 'const plainIndicator = Uint8Array.of(0x01)', 'const plainIndicator = Uint8Array.of(0x02)')],
    card: [
      edit('cardSession', '[Uint8Array.of(0x01), cryptogram]', '[Uint8Array.of(0x02), cryptogram]'),
      edit('cardSession', 'object.value[0] !== 0x01', 'object.value[0] !== 0x02'),
    ],
  },
  {
    name: 'SM: DO 85 and DO 87 swapped',
    terminal: [edit('session', 'this.#oddInstruction = (ins & 1) !== 0', 'this.#oddInstruction = (ins & 1) === 0')],
    card: [
      edit('cardSession', 'ins % 2 === 1 ? encodeTlv', 'ins % 2 === 0 ? encodeTlv'),
      edit('cardSession', '(ins % 2 === 1 ? tags', '(ins % 2 === 0 ? tags'),
    ],
  },
  {
    name: 'SM: command MAC without the counter',
    terminal: [edit('session', 'concatBytes(this.#ssc, header,', 'concatBytes(header,')],
    card: [edit('cardSession', 'concatBytes(this.#counter, header,', 'concatBytes(header,')],
  },
  {
    name: 'SM: response MAC without the counter',
    terminal: [edit('session', 'concatBytes(this.#ssc, parts.authenticated)', 'parts.authenticated')],
    card: [edit('cardSession', 'pad(concatBytes(this.#counter, body), blockLength)', 'pad(body, blockLength)')],
  },
  {
    name: 'SM: header padded with zeros only',
    terminal: [
      edit(
        'session',
        'padMethod2(Uint8Array.of(cla, ins, p1, p2), suite.blockLength)',
        'concatBytes(Uint8Array.of(cla, ins, p1, p2), new Uint8Array(suite.blockLength - 4))',
      ),
    ],
    card: [
      edit(
        'cardSession',
        'pad(Uint8Array.of(command.cla, command.ins, command.p1, command.p2), blockLength)',
        'concatBytes(Uint8Array.of(command.cla, command.ins, command.p1, command.p2), new Uint8Array(blockLength - 4))',
      ),
    ],
  },
  {
    name: 'retail MAC without its last two steps',
    terminal: [
      edit('des', "return desEde3Cbc('encrypt', key1, key.subarray(8), chained,", "return desEde3Cbc('encrypt', key1, key1, chained,"),
    ],
    card: [edit('cardDes', 'desKey(key.subarray(8, 16))', 'desKey(key.subarray(0, 8))')],
  },
]

/** SCP03 (GlobalPlatform Card Specification 2.3 Amendment D 1.2). */
const scp03: readonly Mutation[] = [
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

/** What came with S16, random challenges and PUT KEY (GlobalPlatform Card Specification 2.3 Amendment D 1.2). */
const scp03Modes: readonly Mutation[] = [
  {
    name: 'SCP03 S16: MACs of eight bytes',
    terminal: [
      edit('scp03Open', 'const macLength = hostChallenge.length === 16 ? 16 : 8', 'const macLength = 8'),
      edit('scp03Keys', '0, 2 * hostCryptogram.length', '0, hostCryptogram.length + 8'),
    ],
    card: [
      edit('cardScp03', 'this.#macLength = macLength', 'this.#macLength = 8'),
      edit('cardScp03Open', 'command.data.length !== 2 * offer.macLength', 'command.data.length !== offer.macLength + 8'),
    ],
  },
  {
    name: 'SCP03 S16: session keys from the first half of each challenge',
    terminal: [
      edit(
        'scp03Keys',
        'const context = concatBytes(hostChallenge, cardChallenge)',
        'const context = concatBytes(hostChallenge.subarray(0, 8), cardChallenge.subarray(0, 8))',
      ),
      edit(
        'scp03Keys',
        'constant, concatBytes(hostChallenge, cardChallenge)',
        'constant, concatBytes(hostChallenge.subarray(0, 8), cardChallenge.subarray(0, 8))',
      ),
    ],
    card: [
      edit(
        'cardScp03',
        'concatBytes(hostChallenge, cardChallenge)',
        'concatBytes(hostChallenge.subarray(0, 8), cardChallenge.subarray(0, 8))',
      ),
    ],
  },
  {
    name: 'SCP03: a random challenge comes with a sequence counter all the same',
    terminal: [edit('initializeUpdate', 'if (i & 0x10) sequenceCounter', 'if (i >= 0) sequenceCounter')],
    card: [
      edit(
        'cardScp03Open',
        'offer.pseudoRandom ? uintToBytes(set.sequence, 3) : new Uint8Array(0)',
        'offer.macLength ? uintToBytes(set.sequence, 3) : new Uint8Array(0)',
      ),
    ],
  },
  {
    name: 'SCP03: response counter one ahead of its command’s',
    terminal: [edit('scp03', 'uintToBytes(this.#counter, 6)', 'uintToBytes(this.#counter + (first >> 7), 6)')],
    card: [edit('cardScp03', 'uintToBytes(this.#counter, 4)', 'uintToBytes(this.#counter + (first >> 7), 4)')],
  },
  {
    name: 'SCP03: response counter marked in the last byte',
    terminal: [edit('scp03', 'block[0] = first', 'block[15]! ^= first')],
    card: [edit('cardScp03', 'block[0] = first', 'block[15]! ^= first')],
  },
  {
    name: 'PUT KEY: check value over a block of zeros',
    terminal: [edit('kbkdf', 'new Uint8Array(16).fill(1)', 'new Uint8Array(16).fill(0)')],
    card: [edit('cardKeySets', 'new Uint8Array(16).fill(1)', 'new Uint8Array(16).fill(0)')],
  },
  {
    name: 'PUT KEY: the last three bytes as check value',
    terminal: [edit('kbkdf', 'return block.slice(0, 3)', 'return block.slice(-3)')],
    card: [edit('cardKeySets', '.slice(0, checkValueLength)', '.slice(-checkValueLength)')],
  },
  {
    name: 'PUT KEY: keys under S-ENC, not under the Key-DEK',
    terminal: [edit('scp03', 'aesCbcEncrypt(this.#dek,', 'aesCbcEncrypt(this.#sEnc,')],
    card: [edit('cardScp03', 'decryptAesCbc(this.#keys.dek,', 'decryptAesCbc(this.#keys.sEnc,')],
  },
  {
    name: 'PUT KEY: keys under the Key-DEK with a chaining value of ones',
    terminal: [
      edit('scp03', 'aesCbcEncrypt(this.#dek, new Uint8Array(16), data)', 'aesCbcEncrypt(this.#dek, new Uint8Array(16).fill(1), data)'),
    ],
    card: [
      edit(
        'cardScp03',
        'decryptAesCbc(this.#keys.dek, new Uint8Array(16), data)',
        'decryptAesCbc(this.#keys.dek, new Uint8Array(16).fill(1), data)',
      ),
    ],
  },
  {
    name: 'PUT KEY: block length without the key length byte',
    terminal: [edit('putKey', 'aesKeyType, 1 + wrapped.length, length', 'aesKeyType, wrapped.length, length')],
    card: [edit('cardKeySets', 'blockLength !== 1 + wrappedLength', 'blockLength !== wrappedLength')],
  },
]

/** The drill's list: every one of these must be found by the outside vectors. */
export const mutations: readonly Mutation[] = [...bac, ...secureMessaging, ...scp03, ...scp03Modes]
