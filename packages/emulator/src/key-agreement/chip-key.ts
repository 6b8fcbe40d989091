import type { ChipKey } from '../memory/card-state.ts'
import { type AgreementGroup, drawScalar, type RandomSource } from './agreement-group.ts'
import { standardizedGroup } from './domain-parameters.ts'
import { modInverse, toBytes, toInteger } from './modular.ts'

/** Makes a static key on standardized domain parameters; undefined when there are none of this number. */
export function generateChipKey(keyId: number, parameterId: number, random: RandomSource): ChipKey | undefined {
  const group = standardizedGroup(parameterId)
  return group && { keyId, parameterId, privateKey: drawScalar(group, random) }
}

/** Whether the private value is one of its group's. */
export function isUsableChipKey(key: ChipKey): boolean {
  const group = standardizedGroup(key.parameterId)
  if (group === undefined || key.privateKey.length !== group.orderLength) return false
  const value = toInteger(key.privateKey)
  return value > 0n && value < group.order
}

/** The public key: a point 04 || x || y, or an integer in the prime's width. */
export function chipPublicKey(key: ChipKey): { readonly group: AgreementGroup; readonly element: Uint8Array } {
  const group = standardizedGroup(key.parameterId)
  if (group === undefined) throw new Error('a chip key on unknown domain parameters')
  return { group, element: group.multiply(group.generator, key.privateKey) }
}

/** CA_IC = SK_IC⁻¹ · SK_Map,IC modulo the order, in its width: proves the static key by the mapping key (Doc 9303-11, 8th ed., 4.4.3.3.3). */
export function chipAuthenticationData(group: AgreementGroup, privateKey: Uint8Array, mappingKey: Uint8Array): Uint8Array {
  const inverse = modInverse(toInteger(privateKey), group.order)
  return toBytes((inverse * toInteger(mappingKey)) % group.order, group.orderLength)
}
