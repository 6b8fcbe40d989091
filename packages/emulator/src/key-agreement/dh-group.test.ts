import { describe, expect, it } from 'vitest'
import { DhGroup } from './dh-group.ts'
import { bitLength, modPow, toBytes } from './modular.ts'
import { standardizedDhGroups } from './standardized-dh.ts'

const { parameters } = standardizedDhGroups.find(({ parameterId }) => parameterId === 1)!
const { p, g, q } = parameters

describe('a DH group', () => {
  it('P06: takes no element of a small order that divides both p - 1 and q - 1, and goes on', () => {
    const group = new DhGroup(parameters)
    const size = Math.ceil(bitLength(p) / 8)
    const element = modPow(g + 1n, (p - 1n) / 3n, p)
    expect([(p - 1n) % 3n, (q - 1n) % 3n, element === 1n, modPow(element, 3n, p)]).toEqual([0n, 0n, false, 1n])
    expect(group.take(toBytes(element, size))).toBeUndefined()
    expect(group.take(toBytes(g, size))).toEqual(toBytes(g, size))
  })
})
