import { fromHex } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { choosePace, explainPaceChoice, type PaceOffer, type PaceSecurityInfo, paceSupport } from '../index.ts'

const pace = (arcs: string, parameterId?: number, version = 2): PaceOffer => ({
  kind: 'pace',
  oid: `0.4.0.127.0.7.2.2.4.${arcs}`,
  version,
  parameterId,
})
const domain = (family: number, hex: string, parameterId?: number): PaceSecurityInfo => ({
  kind: 'pace-domain-parameters',
  oid: `0.4.0.127.0.7.2.2.4.${family}`,
  domainParameter: fromHex(hex),
  parameterId,
})
const outcomes = (infos: readonly PaceSecurityInfo[], support = paceSupport) =>
  choosePace(infos, support).considered.map(({ outcome, reason }) => `${outcome}: ${reason}`)
const only = (info: PaceOffer, ...more: PaceSecurityInfo[]) => choosePace([info, ...more])

describe('the choice among a card’s offers', () => {
  test('mapping before cipher before group; every other offer says why it stands behind', () => {
    const choice = choosePace([
      { kind: 'terminal-authentication', oid: '0.4.0.127.0.7.2.2.2' },
      pace('2.4', 12),
      pace('4.4', 12),
      pace('6.2', 13),
      pace('6.4', 13),
      pace('6.4', 12),
      pace('6.4', 12),
      pace('1.2', 0),
    ])
    expect(choice.selection).toMatchObject({ group: 'P-256', parameterId: 12, referenceParameters: true })
    expect(choice.selection?.protocol.name).toBe('id-PACE-ECDH-CAM-AES-CBC-CMAC-256')
    expect(choice.considered.map(({ outcome, reason }) => `${outcome}: ${reason}`)).toEqual([
      'passed-over: the terminal prefers another mapping',
      'passed-over: the terminal prefers another mapping',
      'passed-over: the terminal prefers another cipher',
      'passed-over: the terminal prefers another group',
      'chosen: the best that both sides support',
      'passed-over: as good as the one chosen, and later in the card’s order',
      'not-usable: the terminal does not take this group',
    ])
    expect(explainPaceChoice(choice).slice(-4)).toEqual([
      'id-PACE-ECDH-CAM-AES-CBC-CMAC-256, P-256 (parameterId 12): chosen, the best that both sides support',
      'id-PACE-ECDH-CAM-AES-CBC-CMAC-256, P-256 (parameterId 12): passed over, as good as the one chosen, and later in the card’s order',
      'id-PACE-DH-GM-AES-CBC-CMAC-128, MODP-1024-160 (parameterId 0): not usable, the terminal does not take this group',
      'the card has several sets of domain parameters: MSE:Set AT names the one chosen',
    ])
  })

  test('the terminal’s own order decides, also for the old group', () => {
    const support = { mappings: ['im', 'gm'], ciphers: ['aes128', 'aes256'], groups: ['MODP-1024-160', 'brainpoolP256r1'] } as const
    const { selection } = choosePace([pace('2.2', 13), pace('4.4', 13), pace('3.2', 0), pace('6.4', 13)], support)
    expect(selection).toMatchObject({ group: 'MODP-1024-160', protocol: { mapping: 'im', cipher: 'aes128' } })
    expect(outcomes([pace('6.4', 13)], support)).toEqual(['not-usable: the terminal does not take this mapping'])
    expect(outcomes([pace('2.3', 13)], support)).toEqual(['not-usable: the terminal does not take this cipher'])
  })

  test('DO 84 only where there are several sets of parameters', () => {
    expect(only(pace('2.2', 13)).selection?.referenceParameters).toBe(false)
    expect(only(pace('2.2', 13), pace('4.2', 13)).selection?.referenceParameters).toBe(false)
    expect(only(pace('2.2', 13), pace('2.2', 16)).selection?.referenceParameters).toBe(true)
  })

  test('every standardized identifier that is taken', () => {
    const groups = [1, 2].map((id) => only(pace('1.2', id)).selection?.group)
    const curves = [10, 11, 12, 13, 14, 15, 16, 17, 18].map((id) => only(pace('2.2', id)).selection?.group)
    expect([...groups, ...curves]).toEqual([
      'MODP-2048-224',
      'MODP-2048-256',
      'P-224',
      'brainpoolP224r1',
      'P-256',
      'brainpoolP256r1',
      'brainpoolP320r1',
      'P-384',
      'brainpoolP384r1',
      'brainpoolP512r1',
      'P-521',
    ])
  })
})

describe('domain parameters that the card spells out', () => {
  const p256 = '301306072a8648ce3d020106082a8648ce3d030107'

  test('count for the family and identifier they are given for', () => {
    expect(only(pace('2.2', 40), domain(2, p256, 40)).selection).toMatchObject({ group: 'P-256', parameterId: 40 })
    expect(only(pace('2.2'), domain(2, p256)).selection).toMatchObject({
      group: 'P-256',
      parameterId: undefined,
      referenceParameters: false,
    })
    expect(only(pace('2.2', 13), domain(2, p256, 13)).selection?.group).toBe('brainpoolP256r1')
    for (const infos of [
      [pace('2.2', 40), domain(2, p256, 41)],
      [pace('2.2', 40), domain(4, p256, 40)],
      [pace('2.2', 40), domain(2, p256)],
    ])
      expect(choosePace(infos).selection).toBeUndefined()
  })

  test('P06 unknown, malformed or ambiguous ones make the offer unusable', () => {
    const unknown = '301306072a8648ce3d020106082a8648ce3d030108'
    expect(outcomes([pace('2.2', 40), domain(2, unknown, 40)])).toEqual([
      'not-usable: domain parameters spelled out that are no known group’s',
    ])
    expect(outcomes([pace('2.2', 40), domain(2, p256.slice(0, -2), 40)])).toEqual(['not-usable: domain parameters that are malformed'])
    expect(outcomes([pace('2.2', 40), domain(2, p256, 40), domain(2, unknown, 40)])).toEqual([
      'not-usable: more than one set of domain parameters under its identifier',
    ])
  })
})

describe('P06 offers that cannot be taken', () => {
  test.each([
    ['no parameterId', pace('2.2'), 'no domain parameters: neither a standardized parameterId nor a PACEDomainParameterInfo of its own'],
    ['a reserved parameterId', pace('2.2', 19), 'parameterId 19 is reserved'],
    ['another reserved one', pace('2.2', 3), 'parameterId 3 is reserved'],
    ['a curve of 192 bits', pace('2.2', 8), 'parameterId 8, NIST P-192, is too weak to be taken'],
    ['ECDH in a MODP group', pace('2.2', 1), 'the domain parameters are of the other kind of key agreement'],
    ['DH on a curve', pace('1.2', 13), 'the domain parameters are of the other kind of key agreement'],
    ['integrated mapping on P-224', pace('4.2', 10), 'the integrated mapping does not work on this curve'],
    ['version 1', pace('2.2', 13, 1), 'version 1; only 2 is defined'],
    ['CAM without a key', pace('6.2'), 'chip authentication mapping without a parameterId, which has to name the static key'],
    ['CAM with triple DES', pace('6.1', 13), 'not a protocol of PACE that is known'],
  ])('%s', (_what, offer, reason) => {
    const choice = choosePace([offer])
    expect(choice.selection).toBeUndefined()
    expect(choice.considered).toMatchObject([{ outcome: 'not-usable', reason }])
    expect(explainPaceChoice(choice).at(-1)).toBe('no offer of PACE can be taken')
  })

  test('none at all', () => {
    expect(explainPaceChoice(choosePace([]))).toEqual(['the card offers no PACE'])
  })
})
