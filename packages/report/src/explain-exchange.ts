import { blankCommand, carriesSecret, describeCommand, describeStatusWord } from '@kart/apdu'
import { DecodeError, decodeTlvList, isConstructed, type Tlv, tagHex, toHex, visibleText } from '@kart/codec'

/** Names of interindustry data objects (ISO/IEC 7816-4:2020; ICAO Doc 9303-10; ASN.1 universal ones). */
const tagNames: Readonly<Record<number, string>> = {
  66: 'card data',
  97: 'application template',
  98: 'FCP template',
  100: 'FMD template',
  111: 'FCI template',
  79: 'application identifier',
  80: 'application label',
  81: 'path',
  83: 'command to perform, or data',
  95: 'version, or index',
  132: 'DF name',
  128: 'file size',
  129: 'file size, total',
  130: 'file descriptor',
  131: 'file identifier',
  136: 'short EF identifier',
  138: 'life cycle status',
  133: 'cryptogram',
  135: 'cryptogram',
  142: 'checksum',
  151: 'Le',
  153: 'status word',
  124: 'dynamic authentication data',
  24351: 'MRZ',
  92: 'tag list',
  48: 'SEQUENCE',
  49: 'SET',
  2: 'INTEGER',
  4: 'OCTET STRING',
  6: 'OBJECT IDENTIFIER',
}

const mostShown = 48

/** Bytes in hexadecimal, long ones cut, and as text where they are printable ASCII. */
function showBytes(bytes: Uint8Array): string {
  const hex = toHex(bytes.subarray(0, mostShown)).toUpperCase()
  const printable = bytes.length > 0 && bytes.every((byte) => byte >= 0x20 && byte <= 0x7e)
  const text = printable ? ` “${visibleText(String.fromCharCode(...bytes.subarray(0, mostShown)))}”` : ''
  return `${hex}${bytes.length > mostShown ? ` … (${bytes.length} bytes)` : ''}${text}`
}

function drawTlv(objects: readonly Tlv[], indent: string, lines: string[]): void {
  for (const [i, object] of objects.entries()) {
    const last = i === objects.length - 1
    const name = tagNames[object.tag]
    const head = `${indent}${last ? '└ ' : '├ '}${tagHex(object.tag)}${name === undefined ? '' : ` ${name}`}, ${object.value.length}`
    const inner = isConstructed(object.tag) ? childrenOf(object.value) : undefined
    if (inner === undefined) lines.push(object.value.length === 0 ? head : `${head}: ${showBytes(object.value)}`)
    else {
      lines.push(head)
      drawTlv(inner, `${indent}${last ? '  ' : '│ '}`, lines)
    }
  }
}

function childrenOf(value: Uint8Array): readonly Tlv[] | undefined {
  try {
    return decodeTlvList(value)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** Data as a tree of BER-TLV objects, a line an object; undefined where the bytes are no such thing (ISO/IEC 7816-4:2020, 6.3). */
export function drawTlvTree(data: Uint8Array): readonly string[] | undefined {
  const objects = data.length < 2 ? undefined : childrenOf(data)
  if (objects === undefined || objects.length === 0) return undefined
  const lines: string[] = []
  drawTlv(objects, '', lines)
  return lines
}

/** One exchange in lines for people: the command with its name, the status word with its meaning, the data as a tree. */
export interface ExplainedExchange {
  /** Its data field is blanked where it is a PIN or a key. */
  readonly command: string
  readonly name: string
  readonly clause: string
  /** Four digits; undefined for a response that is shorter than a status word. */
  readonly sw: string | undefined
  readonly meaning: string
  /** The response's data: a tree where it is BER-TLV, else hexadecimal; no line where there is none. */
  readonly data: readonly string[]
}

/** Explains a command APDU, 4 bytes or more, and its response, both as coded bytes. */
export function explainExchange(command: Uint8Array, response: Uint8Array): ExplainedExchange {
  const [cla = 0, ins = 0, p1 = 0, p2 = 0] = command
  const { name, clause } = describeCommand(cla, ins, p1, p2)
  const shown = carriesSecret(command) ? blankCommand(command) : command
  const count = response.length
  const sw = count < 2 ? undefined : response[count - 2]! * 256 + response[count - 1]!
  const data = response.subarray(0, Math.max(0, count - 2))
  return {
    command: `${toHex(shown.subarray(0, 4)).toUpperCase()}${shown.length > 4 ? ` ${toHex(shown.subarray(4, 4 + mostShown)).toUpperCase()}` : ''}${shown.length > 4 + mostShown ? ` … (${shown.length} bytes)` : ''}`,
    name,
    clause,
    sw: sw?.toString(16).toUpperCase().padStart(4, '0'),
    meaning: sw === undefined ? 'shorter than a status word' : describeStatusWord(sw),
    data: data.length === 0 ? [] : (drawTlvTree(data) ?? [showBytes(data)]),
  }
}
