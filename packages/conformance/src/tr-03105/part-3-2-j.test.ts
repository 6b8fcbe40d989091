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
import { each } from './opened.ts'

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

describe('TR-03105-3.2, unit ISO7816_J: certificate verification', () => {
  testCase(
    'ISO7816_J_1',
    each((fresh) => {
      const chip = fresh()
      accepted(chip.setDst(chip.trustPoints()[0]!))
      accepted(chip.verify(dv1))
      accepted(chip.setDst(names.dv))
      accepted(chip.verify(is1))
    }),
  )
  testCase(
    'ISO7816_J_2',
    each((fresh) => {
      const chip = fresh()
      either(chip.setDst(`${names.root.slice(0, -1)}2`))
      refused(chip.verify(dv1))
      either(chip.setDst(names.dv))
      refused(chip.verify(is1))
    }),
  )
  const flipLast = (value: Uint8Array): Uint8Array => value.with(-1, value.at(-1)! ^ 1)
  testCase('ISO7816_J_3', refusedVerifier(withSignature(dv1, flipLast)))
  testCase('ISO7816_J_4', refusedVerifier(dv1.body))
  testCase('ISO7816_J_5', refusedVerifier(dv1.signature))
  const without = (tag: number) => verifier({ edit: { [tag]: undefined } })
  testCase('ISO7816_J_6', refusedVerifier(without(0x7f4c)))
  testCase('ISO7816_J_7', refusedVerifier(without(0x5f25)))
  testCase('ISO7816_J_8', refusedVerifier(without(0x5f24)))
  const dated = (tag: number, date: string) => verifier({ edit: { [tag]: fromHex(date) } })
  testCase('ISO7816_J_9', refusedVerifier(dated(0x5f25, '0206000a0101')))
  testCase('ISO7816_J_10', refusedVerifier(dated(0x5f24, '0206000a0301')))
  testCase(
    'ISO7816_J_11',
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
    'ISO7816_J_12',
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
    if (secured) accepted(chip.readByte(1))
  }
  testCase(
    'ISO7816_J_13',
    each((fresh) => {
      const chip = fresh()
      const answer = chip.send('802281b6', encodeTlv(0x83, ascii(names.root)))
      if (answer.secured) refused(answer)
      else refusedInTheOpen(answer)
      stillOpen(chip, answer.secured)
    }),
  )
  testCase(
    'ISO7816_J_15',
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
  testCase('ISO7816_J_17', refusedVerifier(concatBytes(retagged(dv1.body, 0x7f, 0x4f), dv1.signature)))
  testCase('ISO7816_J_18', refusedVerifier(concatBytes(dv1.body, retagged(dv1.signature, 0x5f, 0x38))))
  testCase('ISO7816_J_19', refusedVerifier(dated(0x5f25, '020600000105')))
  testCase('ISO7816_J_20', refusedVerifier(dated(0x5f24, '020600020300')))
  testCase('ISO7816_J_21', refusedVerifier(verifier({ from: '260120', to: '260110' })))
  testCase(
    'ISO7816_J_22',
    each((fresh) => {
      const chip = fresh()
      accepted(chip.setDst(names.root))
      accepted(chip.verify(dv1))
      fresh(chip)
      either(chip.setDst(names.dv))
      refused(chip.verify(is1))
    }),
  )
  testCase('ISO7816_J_23', refusedVerifier(verifier({ edit: { 32588: chat('04007f000703010209') } })))
  testCase('ISO7816_J_24', refusedVerifier(verifier({ edit: { 32585: keyObjects(keys.dv, false, '04007f00070202030203') } })))
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

function lengthOf(bytes: Uint8Array): Uint8Array {
  return bytes.length > 255 ? Uint8Array.of(bytes.length >> 8, bytes.length & 255) : Uint8Array.of(bytes.length)
}

/** The object with its length one too long; the bytes behind it are unchanged. */
function overlong(object: Uint8Array): Uint8Array {
  const last = object[2]! < 0x80 ? 2 : 2 + (object[2]! & 0x7f)
  return object.with(last, object[last]! + 1)
}

describe('TR-03105-3.2, unit ISO7816_J: a refused certificate does not move the date', () => {
  const { body, signature, objects } = late()
  testCase('ISO7816_J_25', dateKept(objects, 'DECVCA00009', false))
  testCase('ISO7816_J_26', dateKept(concatBytes(body.with(1, 0x4f), signature)))
  testCase('ISO7816_J_27', dateKept(concatBytes(body, signature.with(1, 0x38))))
  testCase('ISO7816_J_28', dateKept(concatBytes(overlong(body), signature)))
  testCase('ISO7816_J_29', dateKept(concatBytes(body, overlong(signature))))
  testCase('ISO7816_J_30', dateKept(withSignature(late(), (value) => value.with(-1, (value.at(-1)! + 1) & 0xff))))
  testCase('ISO7816_J_31', dateKept(withSignature(late(), (value) => value.slice(0, -1))))
  testCase('ISO7816_J_32', rsaDateKept(withSignature(rsaLate(), (value) => value.fill(0xff))))
  testCase('ISO7816_J_33', dateKept(withSignature(late(), (value) => value.fill(0, 0, 32))))
  testCase('ISO7816_J_34', dateKept(withSignature(late(), (value) => value.fill(0, 32))))
  testCase(
    'ISO7816_J_35',
    each((fresh) => {
      const chip = fresh()
      refused(chip.verify(objects))
      fresh(chip)
      accepted(chip.setDst(names.root))
      accepted(chip.verify(dv1))
    }),
  )
  const withKey = (key: TestKey, value: Uint8Array) => late({ key, edit: { 32585: value } }).objects
  testCase('ISO7816_J_36', dateKept(withKey(keys.dv, keyObjects(keys.dv, false, '04007f00070202030203'))))
  testCase('ISO7816_J_37', dateKept(withKey(keys.dv, concatBytes(...keys.dv.value))))
  const oid = (key: TestKey) => encodeTlv(0x06, fromHex(key.algorithm))
  testCase('ISO7816_J_38', dateKept(withKey(keys.dv, oid(keys.dv))))
  const rsa = keys.rsaDv
  testCase('ISO7816_J_39', rsaDateKept(rsaLate({ edit: { 32585: concatBytes(oid(rsa), rsa.value[1]!) } }).objects))
  testCase('ISO7816_J_40', rsaDateKept(rsaLate({ edit: { 32585: concatBytes(oid(rsa), rsa.value[0]!) } }).objects))
  testCase('ISO7816_J_41', dateKept(withKey(keys.dv, keyObjects(keys.dv, false, keys.dv.algorithm, fromHex('770101')))))
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

describe('TR-03105-3.2, unit ISO7816_J: who may certify whom', () => {
  const foreign = verifier({ role: 'foreign' })
  const other = { authority: names.dv, holder: 'DEDV00002', key: ecKey(), signer: keys.dv } as const
  const below = (role: CertificateInput['role']) => verifier({ ...other, role })
  const byTerminal = { authority: names.terminal, signer: keys.terminal, key: ecKey() } as const
  testCase('ISO7816_J_43', transition(terminal({ authority: names.root, signer: keys.root })))
  testCase('ISO7816_J_44', transition(dv1, certificate({ ...below('cvca').input })))
  testCase('ISO7816_J_45', transition(foreign, below('cvca')))
  testCase('ISO7816_J_46', transition(dv1, below('domestic')))
  testCase('ISO7816_J_47', transition(dv1, below('foreign')))
  testCase('ISO7816_J_48', transition(foreign, below('domestic')))
  testCase('ISO7816_J_49', transition(foreign, below('foreign')))
  testCase('ISO7816_J_50', transition(dv1, is1, verifier({ ...byTerminal, role: 'foreign', holder: 'DEDV00002' })))
  testCase('ISO7816_J_51', transition(dv1, is1, verifier({ ...byTerminal, role: 'domestic', holder: 'DEDV00002' })))
  testCase('ISO7816_J_52', transition(dv1, is1, terminal({ ...byTerminal, holder: 'DEIS00002' })))
  testCase('ISO7816_J_53', transition(dv1, is1, link({ ...byTerminal, holder: 'DECVCA00002' })))
  const short = ecKey('secp224r1')
  testCase('ISO7816_J_55', refusedVerifier(verifier({ key: short })))
  testCase('ISO7816_J_56', transition(dv1, terminal({ key: short })))
})
