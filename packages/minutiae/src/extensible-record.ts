import { DecodeError } from '@kart/codec'

// The parts of ISO/IEC 39794 by their outer tag, [APPLICATION part]. Parts 4, 5 and 6 are so in every implementation that could be looked at (see
// docs/matcher.md); that part 2 follows them is taken for granted, nothing else in it is.
const parts: Readonly<Record<number, string>> = {
  98: 'ISO/IEC 39794-2 record',
  100: 'ISO/IEC 39794-4 record',
  101: 'ISO/IEC 39794-5 record',
  102: 'ISO/IEC 39794-6 record',
}
const minutiaePart = 98

const useInstead = 'have the program that wrote it write ISO/IEC 19794-2 or INCITS 378 instead'

/**
 * Throws DecodeError, saying what to do, for a record of ISO/IEC 39794 (extensible biometric data interchange formats), in DER, BER or XML; returns for
 * anything else. None is read: the ASN.1 module and the XML schema of part 2 (finger minutiae) could not be had, and the other parts hold images.
 */
export function refuseExtensible(bytes: Uint8Array): void {
  const xmlPart = partOfXml(bytes)
  if (xmlPart === 2) throw new DecodeError('ISO/IEC 39794-2 record', `an XML document of a format that is not read: ${useInstead}`)
  if (xmlPart !== undefined)
    throw new DecodeError(`ISO/IEC 39794-${xmlPart} record`, 'no finger minutiae but biometric data of another kind')
  const what = parts[bytes[0]!]
  const inside = insideOuter(bytes)
  if (what === undefined || inside === undefined || bytes[inside] !== 0xa0) return
  if (bytes[0] !== minutiaePart) throw new DecodeError(what, 'holds images, not minutiae: extract a template from them first')
  const version = versionAt(bytes, inside)
  throw new DecodeError(what, `${version}this format is known by its outer tag only and is not read: ${useInstead}`)
}

// Where the contents of the outer object begin, when its length says that it ends where the bytes do (or is left open, as BER may).
function insideOuter(bytes: Uint8Array): number | undefined {
  const first = bytes[1]
  if (first === undefined || bytes.length < 6) return undefined
  if (first === 0x80) return bytes[bytes.length - 1] === 0 && bytes[bytes.length - 2] === 0 ? 2 : undefined
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  if (lengthBytes > 4) return undefined
  let length = lengthBytes === 0 ? first : 0
  for (let k = 0; k < lengthBytes; k++) length = length * 256 + bytes[2 + k]!
  return length === bytes.length - 2 - lengthBytes ? 2 + lengthBytes : undefined
}

// The version block that ISO/IEC 39794-1 puts first into the record of every part: a SEQUENCE of generation [0] and year [1].
function versionAt(bytes: Uint8Array, at: number): string {
  const block = bytes.subarray(at + 2, at + 2 + Math.min(bytes[at + 1] ?? 0, 0x7f))
  const [generationTag, generationLength, generation, yearTag, yearLength, high, low] = block
  if (generationTag !== 0x80 || generationLength !== 1 || yearTag !== 0x81 || yearLength !== 2 || block.length < 7) return ''
  return `generation ${generation}, year ${high! * 256 + low!}; `
}

// The part whose namespace an XML document names near its beginning.
function partOfXml(bytes: Uint8Array): number | undefined {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  if (bytes[start] !== 0x3c) return undefined
  const beginning = String.fromCharCode(...bytes.subarray(start, 4096))
  // the common structures of part 1 are named in a document of every part
  const found = [...beginning.matchAll(/standards\.iso\.org\/iso-iec\/39794\/-(\d{1,2})/g)].map(([, part]) => Number(part))
  return found.find((part) => part !== 1)
}
