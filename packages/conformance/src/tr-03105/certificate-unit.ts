import { concatBytes, encodeTlv, fromHex, toHex } from '@kart/codec'
import { describe } from 'vitest'
import { accepted, either, refused, refusedInTheOpen, testCase } from './case.ts'
import {
  ascii,
  type CertificateInput,
  certificate,
  ecKey,
  keyObjects,
  keys,
  link,
  names,
  roots,
  rootTrust,
  type TestCertificate,
  type TestKey,
  terminal,
  verifier,
  withSignature,
} from './certificates.ts'
import { TestChip } from './chip.ts'
import type { Preconditions } from './opened.ts'

function lengthOf(bytes: Uint8Array): Uint8Array {
  return bytes.length > 255 ? Uint8Array.of(bytes.length >> 8, bytes.length & 255) : Uint8Array.of(bytes.length)
}

/** The object with its length one too long; the bytes behind it are unchanged. */
function overlong(object: Uint8Array): Uint8Array {
  const last = object[2]! < 0x80 ? 2 : 2 + (object[2]! & 0x7f)
  return object.with(last, object[last]! + 1)
}

/** Certificate verification: unit J of both parts, its cases by their number in TR-03105-3.2 (3.6). */
export function certificateUnit(name: (number: number) => string, preconditions: Preconditions): void {
  const { each } = preconditions
  const dv1 = verifier()
  const is1 = terminal()
  const chat = (oid: string, rights = '83') => concatBytes(encodeTlv(0x06, fromHex(oid)), encodeTlv(0x53, fromHex(rights)))

  /** Steps 1 to 4 with a verifier that must be refused: neither is it taken, nor can a terminal be shown under it. */
  const refusedVerifier = (shown: TestCertificate | Uint8Array): (() => void) =>
    each((fresh) => {
      const chip = fresh()
      accepted(chip.setDst(names.root))
      refused(chip.verify(shown))
      either(chip.setDst(names.dv))
      refused(chip.verify(is1))
    })

  describe('certificate verification', () => {
    testCase(
      name(1),
      each((fresh) => {
        const chip = fresh()
        accepted(chip.setDst(preconditions.authority(chip)))
        accepted(chip.verify(dv1))
        accepted(chip.setDst(names.dv))
        accepted(chip.verify(is1))
      }),
    )
    testCase(
      name(2),
      each((fresh) => {
        const chip = fresh()
        either(chip.setDst(`${names.root.slice(0, -1)}2`))
        refused(chip.verify(dv1))
        either(chip.setDst(names.dv))
        refused(chip.verify(is1))
      }),
    )
    const flipLast = (value: Uint8Array): Uint8Array => value.with(-1, value.at(-1)! ^ 1)
    testCase(name(3), refusedVerifier(withSignature(dv1, flipLast)))
    testCase(name(4), refusedVerifier(dv1.body))
    testCase(name(5), refusedVerifier(dv1.signature))
    const without = (tag: number) => verifier({ edit: { [tag]: undefined } })
    testCase(name(6), refusedVerifier(without(0x7f4c)))
    testCase(name(7), refusedVerifier(without(0x5f25)))
    testCase(name(8), refusedVerifier(without(0x5f24)))
    const dated = (tag: number, date: string) => verifier({ edit: { [tag]: fromHex(date) } })
    testCase(name(9), refusedVerifier(dated(0x5f25, '0206000a0101')))
    testCase(name(10), refusedVerifier(dated(0x5f24, '0206000a0301')))
    testCase(
      name(11),
      each((fresh) => {
        const foreign = verifier({ role: 'foreign', to: '260331' })
        const chip = fresh()
        accepted(chip.setDst(names.root))
        accepted(chip.verify(foreign))
        accepted(chip.setDst(names.dv))
        accepted(chip.verify(terminal({ from: '260215', to: '260331' })))
        fresh(chip)
        accepted(chip.setDst(names.root))
        accepted(chip.verify(foreign))
        accepted(chip.setDst(names.dv))
        accepted(chip.verify(terminal({ to: '260210' })))
      }),
    )
    testCase(
      name(12),
      each((fresh) => {
        const chip = fresh()
        const reference = toHex(encodeTlv(0x83, ascii(names.root)))
        const first = chip.plain(`002281b60d${reference}`)
        if (first.sw !== '9000') refusedInTheOpen(first)
        refusedInTheOpen(chip.verify(dv1))
        fresh(chip)
        accepted(chip.setDst(names.root))
        refusedInTheOpen(chip.plain(`002a00be${dv1.objects.length > 255 ? '00' : ''}${toHex(lengthOf(dv1.objects))}${toHex(dv1.objects)}`))
        refusedInTheOpen(chip.setDst(names.dv))
      }),
    )
    const stillOpen = (chip: TestChip, secured: boolean): void => {
      if (secured) accepted(preconditions.probe(chip))
    }
    testCase(
      name(13),
      each((fresh) => {
        const chip = fresh()
        const answer = chip.send('802281b6', encodeTlv(0x83, ascii(names.root)))
        if (answer.secured) refused(answer)
        else refusedInTheOpen(answer)
        stillOpen(chip, answer.secured)
      }),
    )
    testCase(
      name(15),
      each((fresh) => {
        const chip = fresh()
        accepted(chip.setDst(names.root))
        const answer = chip.send('802a00be', dv1.objects)
        if (answer.secured) refused(answer)
        else refusedInTheOpen(answer)
        stillOpen(chip, answer.secured)
      }),
    )
    const retagged = (object: Uint8Array, from: number, to: number) => object.with(1, to).with(0, from)
    testCase(name(17), refusedVerifier(concatBytes(retagged(dv1.body, 0x7f, 0x4f), dv1.signature)))
    testCase(name(18), refusedVerifier(concatBytes(dv1.body, retagged(dv1.signature, 0x5f, 0x38))))
    testCase(name(19), refusedVerifier(dated(0x5f25, '020600000105')))
    testCase(name(20), refusedVerifier(dated(0x5f24, '020600020300')))
    testCase(name(21), refusedVerifier(verifier({ from: '260120', to: '260110' })))
    testCase(
      name(22),
      each((fresh) => {
        const chip = fresh()
        accepted(chip.setDst(names.root))
        accepted(chip.verify(dv1))
        fresh(chip)
        either(chip.setDst(names.dv))
        refused(chip.verify(is1))
      }),
    )
    testCase(name(23), refusedVerifier(verifier({ edit: { 32588: chat('04007f000703010209') } })))
    testCase(name(24), refusedVerifier(verifier({ edit: { 32585: keyObjects(keys.dv, false, '04007f00070202030203') } })))
  })

  /** A verifier from after DV_CERT_1's last day: were it taken, DV_CERT_1 would be refused afterwards. */
  const late = (change: Partial<CertificateInput> = {}): TestCertificate => verifier({ from: '260215', to: '260315', ...change })

  /** Shown after `reference` was selected, it is refused, and the card's date stays: DV_CERT_1 is still good. */
  const dateKept = (shown: Uint8Array, reference: string | undefined = names.root, known = true): (() => void) =>
    each((fresh) => {
      const chip = fresh()
      if (reference !== undefined) (known ? accepted : either)(chip.setDst(reference))
      refused(chip.verify(shown))
      fresh(chip)
      accepted(chip.setDst(names.root))
      accepted(chip.verify(dv1))
    })

  const rsaBelow = { authority: names.rsaRoot, signer: keys.rsaRoot, key: keys.rsaDv } as const
  const rsaDv1 = verifier(rsaBelow)
  /** The same below an RSA root. */
  const rsaDateKept = (shown: Uint8Array): (() => void) =>
    each(
      (fresh) => {
        const chip = fresh()
        accepted(chip.setDst(names.rsaRoot))
        refused(chip.verify(shown))
        fresh(chip)
        accepted(chip.setDst(names.rsaRoot))
        accepted(chip.verify(rsaDv1))
      },
      () => new TestChip((state) => ({ ...state, trust: rootTrust(roots.rsa) })),
    )
  const rsaLate = (change: Partial<CertificateInput> = {}) => late({ ...rsaBelow, ...change })

  describe('a refused certificate does not move the date', () => {
    const { body, signature, objects } = late()
    testCase(name(25), dateKept(objects, 'DECVCA00009', false))
    testCase(name(26), dateKept(concatBytes(body.with(1, 0x4f), signature)))
    testCase(name(27), dateKept(concatBytes(body, signature.with(1, 0x38))))
    testCase(name(28), dateKept(concatBytes(overlong(body), signature)))
    testCase(name(29), dateKept(concatBytes(body, overlong(signature))))
    testCase(name(30), dateKept(withSignature(late(), (value) => value.with(-1, (value.at(-1)! + 1) & 0xff))))
    testCase(name(31), dateKept(withSignature(late(), (value) => value.slice(0, -1))))
    testCase(name(32), rsaDateKept(withSignature(rsaLate(), (value) => value.fill(0xff))))
    testCase(name(33), dateKept(withSignature(late(), (value) => value.fill(0, 0, 32))))
    testCase(name(34), dateKept(withSignature(late(), (value) => value.fill(0, 32))))
    testCase(
      name(35),
      each((fresh) => {
        const chip = fresh()
        refused(chip.verify(objects))
        fresh(chip)
        accepted(chip.setDst(names.root))
        accepted(chip.verify(dv1))
      }),
    )
    const withKey = (key: TestKey, value: Uint8Array) => late({ key, edit: { 32585: value } }).objects
    testCase(name(36), dateKept(withKey(keys.dv, keyObjects(keys.dv, false, '04007f00070202030203'))))
    testCase(name(37), dateKept(withKey(keys.dv, concatBytes(...keys.dv.value))))
    const oid = (key: TestKey) => encodeTlv(0x06, fromHex(key.algorithm))
    testCase(name(38), dateKept(withKey(keys.dv, oid(keys.dv))))
    const rsa = keys.rsaDv
    testCase(name(39), rsaDateKept(rsaLate({ edit: { 32585: concatBytes(oid(rsa), rsa.value[1]!) } }).objects))
    testCase(name(40), rsaDateKept(rsaLate({ edit: { 32585: concatBytes(oid(rsa), rsa.value[0]!) } }).objects))
    testCase(name(41), dateKept(withKey(keys.dv, keyObjects(keys.dv, false, keys.dv.algorithm, fromHex('770101')))))
  })

  /** A chain of which all but the last are accepted and the last is refused; a terminal's key may be refused already when it is selected. */
  const transition = (...chain: readonly TestCertificate[]): (() => void) =>
    each((fresh) => {
      const chip = fresh()
      chain.forEach((shown, i) => {
        const issuer = chain[i - 1]?.input
        const selected = chip.setDst(issuer?.holder ?? names.root)
        if (issuer?.role === 'terminal') either(selected)
        else accepted(selected)
        if (i < chain.length - 1) accepted(chip.verify(shown))
        else refused(chip.verify(shown))
      })
    })

  describe('who may certify whom', () => {
    const foreign = verifier({ role: 'foreign' })
    const other = { authority: names.dv, holder: 'DEDV00002', key: ecKey(), signer: keys.dv } as const
    const below = (role: CertificateInput['role']) => verifier({ ...other, role })
    const byTerminal = { authority: names.terminal, signer: keys.terminal, key: ecKey() } as const
    testCase(name(43), transition(terminal({ authority: names.root, signer: keys.root })))
    testCase(name(44), transition(dv1, certificate({ ...below('cvca').input })))
    testCase(name(45), transition(foreign, below('cvca')))
    testCase(name(46), transition(dv1, below('domestic')))
    testCase(name(47), transition(dv1, below('foreign')))
    testCase(name(48), transition(foreign, below('domestic')))
    testCase(name(49), transition(foreign, below('foreign')))
    testCase(name(50), transition(dv1, is1, verifier({ ...byTerminal, role: 'foreign', holder: 'DEDV00002' })))
    testCase(name(51), transition(dv1, is1, verifier({ ...byTerminal, role: 'domestic', holder: 'DEDV00002' })))
    testCase(name(52), transition(dv1, is1, terminal({ ...byTerminal, holder: 'DEIS00002' })))
    testCase(name(53), transition(dv1, is1, link({ ...byTerminal, holder: 'DECVCA00002' })))
    const short = ecKey('secp224r1')
    testCase(name(55), refusedVerifier(verifier({ key: short })))
    testCase(name(56), transition(dv1, terminal({ key: short })))
  })
}
