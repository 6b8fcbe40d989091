import { bytesToUint, DecodeError, decodeTlv, equalBytes, type Tlv, toHex } from '@kart/codec'
import type { AgreementGroup } from './agreement-group.ts'
import { type CurveParameters, curveByName, readCurveParameters } from './curve-parameters.ts'
import { DhGroup } from './dh-group.ts'
import { EcGroup } from './ec-group.ts'
import { toInteger } from './modular.ts'
import { standardizedDhGroups } from './standardized-dh.ts'

/** Standardized curves by parameterId, under OpenSSL's names (Doc 9303-11, 8th ed., 9.5.1). */
const standardizedCurves = [
  { parameterId: 8, name: 'prime192v1' },
  { parameterId: 9, name: 'brainpoolP192r1' },
  { parameterId: 10, name: 'secp224r1' },
  { parameterId: 11, name: 'brainpoolP224r1' },
  { parameterId: 12, name: 'prime256v1' },
  { parameterId: 13, name: 'brainpoolP256r1' },
  { parameterId: 14, name: 'brainpoolP320r1' },
  { parameterId: 15, name: 'secp384r1' },
  { parameterId: 16, name: 'brainpoolP384r1' },
  { parameterId: 17, name: 'brainpoolP512r1' },
  { parameterId: 18, name: 'secp521r1' },
] as const

const groups = new Map<number, AgreementGroup>()

/** The group of standardized domain parameters, 0..2 and 8..18; undefined for any other number. */
export function standardizedGroup(parameterId: number): AgreementGroup | undefined {
  const held = groups.get(parameterId)
  if (held) return held
  const made = makeStandardized(parameterId)
  if (made) groups.set(parameterId, made)
  return made
}

function makeStandardized(parameterId: number): AgreementGroup | undefined {
  const curve = standardizedCurves.find((row) => row.parameterId === parameterId)
  if (curve) return new EcGroup(curveByName(curve.name), curve.name)
  const integers = standardizedDhGroups.find((row) => row.parameterId === parameterId)
  return integers && new DhGroup(integers.parameters)
}

const oids = { standardized: '04007f00070102', ecPublicKey: '2a8648ce3d0201', dhPublicNumber: '2a8648ce3e0201' } as const
const what = 'domain parameters'

/**
 * The group of a DER AlgorithmIdentifier: standardizedDomainParameters with a number, ecPublicKey with ECParameters, or dhpublicnumber with
 * DomainParameters (Doc 9303-11, 8th ed., 9.5). Throws DecodeError.
 */
export function groupOfAlgorithm(algorithmIdentifier: Uint8Array): AgreementGroup {
  const [algorithm, parameters] = decodeTlv(algorithmIdentifier, 0x30, { minimalLength: true }).children ?? []
  if (algorithm?.tag !== 0x06 || parameters === undefined) throw new DecodeError(what, 'not an AlgorithmIdentifier with parameters')
  switch (toHex(algorithm.value)) {
    case oids.standardized: {
      const group = parameters.tag === 0x02 ? standardizedGroup(bytesToUint(parameters.value)) : undefined
      if (group === undefined) throw new DecodeError(what, 'a number that is not standardized')
      return group
    }
    case oids.ecPublicKey:
      return groupOfCurve(readCurveParameters(parameters))
    case oids.dhPublicNumber:
      return groupOfIntegers(parameters)
    default:
      throw new DecodeError(what, 'another algorithm')
  }
}

/** A curve that is spelled out but has a name is the named one. */
function groupOfCurve(curve: CurveParameters): AgreementGroup {
  const named = standardizedCurves.find(({ name }) => sameCurve(curveByName(name), curve))
  return (named && standardizedGroup(named.parameterId)) ?? new EcGroup(curve)
}

function sameCurve(a: CurveParameters, b: CurveParameters): boolean {
  return a.p === b.p && a.a === b.a && a.b === b.b && a.n === b.n && equalBytes(a.generator, b.generator)
}

function groupOfIntegers({ children = [] }: Tlv): AgreementGroup {
  const [p, g, q] = children
  if (p?.tag !== 0x02 || g?.tag !== 0x02 || q?.tag !== 0x02) throw new DecodeError(what, 'not p, g and q')
  return new DhGroup({ p: toInteger(p.value), g: toInteger(g.value), q: toInteger(q.value) })
}
