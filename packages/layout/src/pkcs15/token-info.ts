import { type Codec, decodeUtf8, encodeTlv, readTlvHeader } from '@kart/codec'
import {
  DerFields,
  type DerNode,
  decodeDer,
  derExplicit,
  derOctets,
  derOid,
  derSequence,
  derSmallInteger,
  derTag,
  derTime,
} from '../asn1/der.ts'
import { encodedNull, encodeGeneralizedTime, encodeInteger, encodeOctets, encodeOid, encodeSequence } from '../asn1/der-encode.ts'
import { type AlgorithmOperation, type CardFlag, cardFlagNames, encodeFlags, operationNames, readFlags } from './flags.ts'
import { encodeLabel, raws } from './object.ts'

/** An algorithm that the card offers (ISO/IEC 7816-15:2016, 8.10, AlgorithmInfo). */
export interface AlgorithmInfo {
  /** By which keys name it. */
  readonly reference: number
  /** Mechanism number of PKCS #11. */
  readonly algorithm: number
  /** DER; NULL where left out. */
  readonly parameters?: Uint8Array
  readonly operations: readonly AlgorithmOperation[]
  /** Dotted object identifier. */
  readonly algorithmOid?: string
  /** Reference that MSE SET names it by. */
  readonly algorithmReference?: number
  readonly other?: readonly Uint8Array[]
}

/** EF.TokenInfo, in ISO/IEC 7816-15:2016, 8.10 EF.CIAInfo: the card as an application sees it. */
export interface TokenInfo {
  /** 0 for PKCS #15 v1.1 and ISO/IEC 7816-15:2004, 1 for later editions. */
  readonly version: number
  readonly serialNumber?: Uint8Array
  readonly manufacturer?: string
  readonly label?: string
  readonly flags: readonly CardFlag[]
  /** Security environments (SEQUENCE), record lengths ([1]): DER as it came. */
  readonly securityEnvironments?: Uint8Array
  readonly recordInfo?: Uint8Array
  readonly algorithms?: readonly AlgorithmInfo[]
  readonly issuerId?: string
  readonly holderId?: string
  readonly lastUpdate?: Date
  /** Fields behind those, each in DER. */
  readonly other?: readonly Uint8Array[]
}

const what = 'EF.TokenInfo'
const tags = { label: 0x80, recordInfo: 0xa1, algorithms: 0xa2, issuerId: 0x83, holderId: 0x84, lastUpdate: 0xa5 } as const
const maxAlgorithms = 64

/** EF.TokenInfo (ISO/IEC 7816-15:2016, 8.10). Zero bytes behind the value are room to grow; fields that we do not know are kept as they came. */
export const tokenInfoCodec: Codec<TokenInfo> = {
  encode(info) {
    const { serialNumber, manufacturer, label, algorithms, issuerId, holderId, lastUpdate } = info
    return encodeSequence(
      encodeInteger(info.version),
      ...(serialNumber === undefined ? [] : [encodeOctets(serialNumber)]),
      ...(manufacturer === undefined ? [] : [encodeLabel(manufacturer)]),
      ...(label === undefined ? [] : [encodeLabel(label, tags.label)]),
      encodeFlags(info.flags, cardFlagNames, 'flags'),
      ...(info.securityEnvironments === undefined ? [] : [info.securityEnvironments]),
      ...(info.recordInfo === undefined ? [] : [info.recordInfo]),
      ...(algorithms === undefined ? [] : [encodeTlv(tags.algorithms, algorithms.map(encodeAlgorithm))]),
      ...(issuerId === undefined ? [] : [encodeLabel(issuerId, tags.issuerId)]),
      ...(holderId === undefined ? [] : [encodeLabel(holderId, tags.holderId)]),
      ...(lastUpdate === undefined ? [] : [encodeTlv(tags.lastUpdate, encodeGeneralizedTime(lastUpdate))]),
      ...(info.other ?? []),
    )
  },
  decode(bytes) {
    const fields = new DerFields(derSequence(decodeDer(withoutFill(bytes), what), what), what)
    const version = derSmallInteger(fields.any('version'), `${what}, version`)
    const serialNumber = fields.optional(derTag.octetString)
    const manufacturer = fields.optional(derTag.utf8String)
    const label = fields.optional(tags.label)
    const flags = readFlags(fields.any('flags'), cardFlagNames, `${what}, flags`)
    const securityEnvironments = fields.optional(derTag.sequence)
    const recordInfo = fields.optional(tags.recordInfo)
    const algorithms = fields.optional(tags.algorithms)
    const issuerId = fields.optional(tags.issuerId)
    const holderId = fields.optional(tags.holderId)
    const lastUpdate = fields.optional(tags.lastUpdate)
    const other = raws(fields)
    const text = (node: DerNode) => decodeUtf8(node.content, `${what}, text`)
    return {
      version,
      ...(serialNumber && { serialNumber: derOctets(serialNumber, what) }),
      ...(manufacturer && { manufacturer: text(manufacturer) }),
      ...(label && { label: text(label) }),
      flags,
      ...(securityEnvironments && { securityEnvironments: securityEnvironments.raw.slice() }),
      ...(recordInfo && { recordInfo: recordInfo.raw.slice() }),
      ...(algorithms && { algorithms: readAlgorithms(algorithms) }),
      ...(issuerId && { issuerId: text(issuerId) }),
      ...(holderId && { holderId: text(holderId) }),
      ...(lastUpdate && { lastUpdate: derTime(derExplicit(lastUpdate, tags.lastUpdate, what), `${what}, last update`) }),
      ...(other && { other }),
    }
  },
}

/** The value without the zeros behind it: its own length says where it ends, so zeros that belong to it stay. */
function withoutFill(bytes: Uint8Array): Uint8Array {
  const header = readTlvHeader(bytes, 0, { minimalLength: true })
  const end = header === undefined ? bytes.length : header.headerLength + header.valueLength
  return bytes.subarray(end).every((byte) => byte === 0) ? bytes.subarray(0, end) : bytes
}

function readAlgorithms(node: DerNode): AlgorithmInfo[] {
  return derSequence({ ...node, tag: derTag.sequence }, `${what}, algorithms`, 0, maxAlgorithms).map((one) => {
    const fields = new DerFields(derSequence(one, `${what}, algorithm`), `${what}, algorithm`)
    const reference = derSmallInteger(fields.any('reference'), `${what}, reference`)
    const algorithm = derSmallInteger(fields.any('algorithm'), `${what}, algorithm`)
    const parameters = fields.any('parameters')
    const operations = readFlags(fields.any('operations'), operationNames, `${what}, operations`)
    const oid = fields.optional(derTag.oid)
    const algorithmReference = fields.optional(derTag.integer)
    const other = raws(fields)
    return {
      reference,
      algorithm,
      ...(parameters.tag !== derTag.null && { parameters: parameters.raw.slice() }),
      operations,
      ...(oid && { algorithmOid: derOid(oid, `${what}, algorithm`) }),
      ...(algorithmReference && { algorithmReference: derSmallInteger(algorithmReference, `${what}, algorithm reference`) }),
      ...(other && { other }),
    }
  })
}

function encodeAlgorithm(info: AlgorithmInfo): Uint8Array {
  const { parameters, algorithmOid, algorithmReference } = info
  return encodeSequence(
    encodeInteger(info.reference),
    encodeInteger(info.algorithm),
    parameters ?? encodedNull,
    encodeFlags(info.operations, operationNames, 'operations'),
    ...(algorithmOid === undefined ? [] : [encodeOid(algorithmOid)]),
    ...(algorithmReference === undefined ? [] : [encodeInteger(algorithmReference)]),
    ...(info.other ?? []),
  )
}
