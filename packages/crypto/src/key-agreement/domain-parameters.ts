import { toHex } from '@kart/codec'
import { bytesToBigInt } from '../big-integer.ts'
import { type CurveName, curveNames, curves } from '../curve.ts'
import { DerReader } from '../der.ts'
import { namedCurveOf } from '../public-key.ts'
import type { GroupName } from './agreement-group.ts'
import { type ModpName, modpGroups, modpNames } from './modp-parameters.ts'

/** One row of the standardized domain parameters; `group` is undefined where we do not take it. */
export interface StandardizedParameters {
  readonly id: number
  readonly name: string
  readonly group: GroupName | undefined
}

/** Standardized domain parameters (Doc 9303-11, 8th ed., 9.5.1; TR-03110-3, A.2.1.1). House rule: none of 192 bits, which is less than 112 bits of security. */
export const standardizedParameters = [
  { id: 0, name: '1024-bit MODP group with 160-bit subgroup', group: 'MODP-1024-160' },
  { id: 1, name: '2048-bit MODP group with 224-bit subgroup', group: 'MODP-2048-224' },
  { id: 2, name: '2048-bit MODP group with 256-bit subgroup', group: 'MODP-2048-256' },
  { id: 8, name: 'NIST P-192', group: undefined },
  { id: 9, name: 'BrainpoolP192r1', group: undefined },
  { id: 10, name: 'NIST P-224', group: 'P-224' },
  { id: 11, name: 'BrainpoolP224r1', group: 'brainpoolP224r1' },
  { id: 12, name: 'NIST P-256', group: 'P-256' },
  { id: 13, name: 'BrainpoolP256r1', group: 'brainpoolP256r1' },
  { id: 14, name: 'BrainpoolP320r1', group: 'brainpoolP320r1' },
  { id: 15, name: 'NIST P-384', group: 'P-384' },
  { id: 16, name: 'BrainpoolP384r1', group: 'brainpoolP384r1' },
  { id: 17, name: 'BrainpoolP512r1', group: 'brainpoolP512r1' },
  { id: 18, name: 'NIST P-521', group: 'P-521' },
] as const satisfies readonly StandardizedParameters[]

/** The highest identifier that names standardized parameters; above it a card numbers its own (Doc 9303-11, 8th ed., 9.5). */
export const lastStandardizedId = 31

/** The group of a standardized identifier, 0..31; undefined for a reserved one and for those not taken. */
export function standardizedGroup(id: number): GroupName | undefined {
  return standardizedParameters.find((row) => row.id === id)?.group
}

const oids = { standardized: '04007f00070102', ecPublicKey: '2a8648ce3d0201', dhPublicNumber: '2a8648ce3e0201' } as const

/**
 * The group that a DER AlgorithmIdentifier names or spells out: standardizedDomainParameters, ecPublicKey with a curve's name or ECParameters, dhpublicnumber with
 * DomainParameters (Doc 9303-11, 8th ed., 9.5; RFC 3279, 2.3.3). House rule: parameters spelled out count only when they are exactly a known group's, since a card
 * that is not yet authentic could otherwise choose a group in which the password can be found. Undefined for every other group. Throws DecodeError.
 */
export function decodeDomainParameters(algorithmIdentifier: Uint8Array): GroupName | undefined {
  const outer = new DerReader(algorithmIdentifier, 'domain parameters')
  const algorithm = outer.inside(0x30)
  outer.end()
  const oid = toHex(algorithm.element(0x06))
  switch (oid) {
    case oids.standardized: {
      const id = bytesToBigInt(algorithm.unsigned())
      algorithm.end()
      return id > BigInt(lastStandardizedId) ? undefined : standardizedGroup(Number(id))
    }
    case oids.ecPublicKey:
      return curveOf(algorithm)
    case oids.dhPublicNumber:
      return modpOf(algorithm)
    default:
      return undefined
  }
}

function curveOf(algorithm: DerReader): CurveName | undefined {
  if (algorithm.peek() === 0x06) {
    const oid = toHex(algorithm.element(0x06))
    algorithm.end()
    return curveNames.find((name) => curves[name].oid === oid)
  }
  const parameters = algorithm.inside(0x30)
  algorithm.end()
  return namedCurveOf(parameters)
}

function modpOf(algorithm: DerReader): ModpName | undefined {
  const parameters = algorithm.inside(0x30)
  algorithm.end()
  const [p, g, q] = [parameters.unsigned(), parameters.unsigned(), parameters.unsigned()].map(toHex)
  if (parameters.peek() === 0x02) parameters.unsigned() // the cofactor, which p and q give
  if (parameters.peek() === 0x30) parameters.element(0x30) // how p and q were made: nothing depends on it
  parameters.end()
  return modpNames.find((name) => modpGroups[name].p === p && modpGroups[name].g === g && modpGroups[name].q === q)
}
