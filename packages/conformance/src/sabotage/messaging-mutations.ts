import { edit } from './mutated-files.ts'
import type { Mutation } from './mutation.ts'

/** Secure messaging with triple DES (Doc 9303-11, 8th ed., 9.8). */
export const secureMessaging: readonly Mutation[] = [
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
