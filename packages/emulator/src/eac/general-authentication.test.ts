import { createPrivateKey, sign } from 'node:crypto'
import { encodeTlv, fromHex, toHex } from '@kart/codec'
import type { ChipAuthenticationKeySpec } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import { freshPassword } from '../emrtd/pace/password-secret.ts'
import { standardizedGroup } from '../key-agreement/domain-parameters.ts'
import { toBytes, toInteger } from '../key-agreement/modular.ts'
import { rightsOf } from '../os/card-context.ts'
import { type Grants, grantOf } from '../os/grants.ts'
import { eacBench } from '../testing/eac-bench.ts'
import { authenticate, getChallenge, name, present, setAt, trusting } from '../testing/eac-commands.ts'
import { givenRandom, profileOffering } from '../testing/pace-example.ts'
import { commandOf, SecuredTerminal } from '../testing/secured-terminal.ts'
import { cardInState, sendHex } from '../testing/terminal.ts'
import { loadGroups } from '../testing/vectors.ts'
import { noProgress } from './eac-progress.ts'

interface Example {
  readonly input: {
    readonly password: string
    readonly pace: Record<'encryptedNonce' | 'mappingChipPrivateKey' | 'chipPrivateKey', string>
    readonly ta: Record<'terminalPrivateKeyPkcs8' | 'challenge' | 'cvca' | 'dv' | 'terminal', string>
    readonly ca: Record<'chipPrivateKey' | 'nonce', string> & { readonly parameterId: number }
  }
  readonly expected: {
    readonly pace: Record<
      | 'nonce'
      | 'mappingTerminalPublicKey'
      | 'mappingChipPublicKey'
      | 'terminalPublicKey'
      | 'chipPublicKey'
      | 'ksEnc'
      | 'ksMac'
      | 'tPcd'
      | 'tPicc',
      string
    >
    readonly ta: Record<'idPicc' | 'compressedTerminalKey' | 'signedData' | 'signature', string>
    readonly ca: Record<'terminalPublicKey' | 'token' | 'ksEnc' | 'ksMac', string>
  }
}

describe.each(['ecdh', 'dh'] as const)('general authentication, the worked example of TR-03110 (%s)', (kind) => {
  const { input, expected } = loadGroups(`eac/eac-${kind}.json`)[0]!.tests[0]! as unknown as Example
  const group = standardizedGroup(input.ca.parameterId)!
  const agreement = kind === 'ecdh' ? 'ECDH' : 'DH'
  const oid = kind === 'ecdh' ? '04007f00070202020205' : '04007f00070202020101'
  const root = kind === 'ecdh' ? 'DECVCAAT00001' : 'DETESTCVCA00003'
  const spec: ChipAuthenticationKeySpec = { keyId: 1, agreement, parameterId: input.ca.parameterId, ciphers: ['AES-128'], versions: [2] }
  const pace = { password: 'pin', chipIdentifier: fromHex(expected.ta.idPicc), authorization: undefined } as const
  const start = (grants: Partial<Grants> = {}) =>
    eacBench({
      keys: [spec],
      application: 'mf',
      grants: { ...grantOf('pace'), pace, ...grants },
      random: [input.ta.challenge, input.ca.nonce],
      state: {
        trust: trusting('100302', fromHex(input.ta.cvca)),
        chipKeys: [{ keyId: 1, parameterId: spec.parameterId, privateKey: fromHex(input.ca.chipPrivateKey).slice(-group.orderLength) }],
      },
    })
  const chainOf = [
    [root, fromHex(input.ta.dv)],
    ['DETESTDVDE019', fromHex(input.ta.terminal)],
  ] as const
  const announce = toHex(encodeTlv(0x91, fromHex(expected.ta.compressedTerminalKey)))
  const template = `800a${oid}${name('DETESTATDE019')}${announce}`
  const chip = (publicKey: string) => commandOf('00860000', encodeTlv(0x7c, encodeTlv(0x80, fromHex(publicKey))), '00')
  const setChip = commandOf('002241a4', fromHex(`800a04007f0007020203${kind === 'ecdh' ? '02' : '01'}02840101`))

  it('PACE with the PIN, terminal authentication, chip authentication: one card, every answer byte for byte', () => {
    const values = expected.pace
    const reduced = (hex: string) => toHex(toBytes(toInteger(fromHex(hex)) % group.order, group.orderLength))
    const pin = new TextEncoder().encode(input.password)
    const card = cardInState(
      (state) => ({
        ...state,
        lifeCycle: 'SECURED',
        pacePasswords: new Map([['pin', freshPassword('pin', pin)]]),
        trust: trusting('100302', fromHex(input.ta.cvca)),
        chipKeys: [{ keyId: 1, parameterId: spec.parameterId, privateKey: fromHex(input.ca.chipPrivateKey).slice(-group.orderLength) }],
      }),
      {
        profile: {
          ...profileOffering({ agreement, mapping: 'GM', cipher: 'AES-128', parameterId: spec.parameterId }),
          chipAuthentication: { keys: [spec] },
        },
        random: givenRandom(
          values.nonce,
          reduced(input.pace.mappingChipPrivateKey),
          reduced(input.pace.chipPrivateKey),
          input.ta.challenge,
          input.ca.nonce,
        ),
      },
    )
    const step = (cla: string, tag: number, value: string) =>
      sendHex(card, commandOf(`${cla}860000`, encodeTlv(0x7c, value === '' ? [] : encodeTlv(tag, fromHex(value))), '00'))
    const answer = (tag: number, value: string) => `${toHex(encodeTlv(0x7c, encodeTlv(tag, fromHex(value))))}9000`
    expect(sendHex(card, commandOf('0022c1a4', fromHex(`800a04007f0007020204${kind === 'ecdh' ? '02' : '01'}02830103`)))).toBe('9000')
    expect(step('10', 0, '')).toBe(answer(0x80, input.pace.encryptedNonce))
    expect(step('10', 0x81, values.mappingTerminalPublicKey)).toBe(answer(0x82, values.mappingChipPublicKey))
    expect(step('10', 0x83, values.terminalPublicKey)).toBe(answer(0x84, values.chipPublicKey))
    expect(step('00', 0x85, values.tPcd)).toBe(answer(0x86, values.tPicc))
    const terminal = new SecuredTerminal((command) => card.process(command), {
      cipher: 'AES-128',
      ksEnc: fromHex(values.ksEnc),
      ksMac: fromHex(values.ksMac),
    })
    expect(present({ terminal }, ...chainOf)).toEqual(Array(4).fill('9000'))
    expect(terminal.status(setAt(template))).toBe('9000')
    expect(toHex(terminal.send(getChallenge).data)).toBe(input.ta.challenge)
    expect(terminal.status(authenticate(fromHex(expected.ta.signature)))).toBe('9000')
    expect(terminal.status(setChip)).toBe('9000')
    expect(toHex(terminal.send(chip(expected.ca.terminalPublicKey)).data)).toBe(`7c148108${input.ca.nonce}8208${expected.ca.token}`)
    terminal.restart({ cipher: 'AES-128', ksEnc: fromHex(expected.ca.ksEnc), ksMac: fromHex(expected.ca.ksMac) })
    expect(terminal.status('00a4040c07a0000002471001')).toBe('9000')
  })

  it('certificates, challenge, the published signature, then chip authentication, byte for byte', () => {
    const bench = start()
    const { terminal } = bench
    expect(expected.ta.signedData).toBe(expected.ta.idPicc + input.ta.challenge + expected.ta.compressedTerminalKey)
    expect(present(bench, ...chainOf)).toEqual(Array(4).fill('9000'))
    expect(terminal.status(setAt(template))).toBe('9000')
    expect(terminal.send(getChallenge)).toEqual({ data: fromHex(input.ta.challenge), sw: '9000' })
    expect(terminal.status(authenticate(fromHex(expected.ta.signature)))).toBe('9000')
    expect(rightsOf(bench.card.session, 'messaging').channels).toEqual(new Set(['pace'])) // nothing opens before chip authentication
    expect(terminal.status(setChip)).toBe('9000')
    const { data, sw } = terminal.send(chip(expected.ca.terminalPublicKey))
    expect(toHex(data) + sw).toBe(`7c148108${input.ca.nonce}8208${expected.ca.token}9000`)
    terminal.restart({ cipher: 'AES-128', ksEnc: fromHex(expected.ca.ksEnc), ksMac: fromHex(expected.ca.ksMac) })
    expect(terminal.status('00a4040c07a0000002471001')).toBe('9000')
    expect(rightsOf(bench.card.session, 'messaging').channels).toEqual(new Set(['pace', 'chip-authentication', 'terminal-authentication']))
  })

  it('needs PACE, comes before chip authentication, names the terminal’s algorithm', () => {
    const bench = start()
    present(bench, ...chainOf)
    expect(bench.terminal.status(setAt(template.replace(oid, '04007f00070202020203')))).toBe('6a80')
    expect(bench.terminal.status(setAt(template.replace(`800a${oid}`, '')))).toBe('6a80')
    expect(bench.terminal.status(setAt(`800a${oid}${name('DETESTATDE019')}9100`))).toBe('6a80')
    const withoutPace = start({ pace: undefined })
    present(withoutPace, ...chainOf)
    expect(withoutPace.terminal.status(setAt(template))).toBe('6982')
    const late = start({ eac: { ...noProgress, provedChip: { version: 1, compressedKey: new Uint8Array(20) } } })
    present(late, ...chainOf)
    expect(late.terminal.status(setAt(template))).toBe('6982')
  })

  it('P11 chip authentication version 2 waits for terminal authentication', () => {
    expect(start().terminal.status(setChip)).toBe('6a88') // the key is of version 2 alone
  })

  it('signs auxiliary data along, and takes only well-formed ones', () => {
    const auxiliary = '67177315060904007f00070301040153083139393030313031'
    const pkcs8 = Buffer.from(input.ta.terminalPrivateKeyPkcs8, 'hex')
    const bench = start()
    present(bench, ...chainOf)
    expect(bench.terminal.status(setAt(template.replace(announce, auxiliary + announce)))).toBe('9000')
    bench.terminal.send(getChallenge)
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    const data = fromHex(expected.ta.signedData + auxiliary)
    const signature = kind === 'ecdh' ? sign('sha512', data, { key, dsaEncoding: 'ieee-p1363' }) : sign('sha1', data, key)
    expect(bench.terminal.status(authenticate(new Uint8Array(signature)))).toBe('9000')
    for (const bad of [
      '6700',
      '67027300',
      '67028000',
      '670e730c060904007f000703010401',
      '67177315060904007f00070301040154083139393030313031',
    ]) {
      const again = start()
      present(again, ...chainOf)
      expect([bad, again.terminal.status(setAt(template.replace(announce, bad + announce)))]).toEqual([bad, '6a80'])
    }
  })

  it('a terminal type other than PACE was told answers 6982 (TR-03110-3, 2.7.1)', () => {
    // PACE was told of an inspection system; the example's terminal is an authentication terminal.
    const authorization = fromHex('7f4c0e060904007f00070301020153' + '0103')
    const bench = start({ pace: { ...pace, authorization } })
    present(bench, ...chainOf)
    expect(bench.terminal.status(setAt(template))).toBe('9000')
    bench.terminal.send(getChallenge)
    expect(bench.terminal.status(authenticate(fromHex(expected.ta.signature)))).toBe('6982')
    expect(bench.card.session.grants.eac.authenticated).toBeUndefined()
  })
})
