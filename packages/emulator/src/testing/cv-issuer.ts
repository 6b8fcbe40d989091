// Issues CV certificates for the card's own tests; what is right is said by the published certificates, not by this file.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { encodeTlv, fromHex } from '@kart/codec'
import { curveNamed } from '../eac/curve.ts'
import type { CvRole } from '../eac/cv-certificate.ts'
import { authorityReferences } from '../emrtd/pace/authority-reference.ts'
import type { TerminalTrust } from '../memory/card-state.ts'

const ecdsaSha256 = fromHex('04007f00070202020203')
const inspectionSystem = fromHex('04007f000703010201')
const roleBits = { terminal: 0x00, 'dv-foreign': 0x40, 'dv-domestic': 0x80, cvca: 0xc0 } as const satisfies Record<CvRole, number>
const curve = curveNamed('prime256v1')

/** A key pair on P-256, with its point. */
export interface CvTestKey {
  readonly privateKey: KeyObject
  readonly point: Uint8Array
}

export function cvTestKey(): CvTestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return { privateKey, point: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)) }
}

/** Everything that one certificate says. */
export interface CvTestInput {
  readonly authority: string
  readonly holder: string
  readonly role: CvRole
  /** Bits below the role. */
  readonly rights?: number
  /** YYMMDD. */
  readonly from: string
  readonly to: string
  readonly key: CvTestKey
  readonly signer: CvTestKey
  /** Whether domain parameters are written; by default in a CVCA's certificate. */
  readonly withDomain?: boolean
  /** Object identifier of the terminal type; an inspection system's unless told. */
  readonly type?: Uint8Array
  readonly extensions?: Uint8Array
}

const name = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
const digits = (date: string): Uint8Array => Uint8Array.from(date, Number)

function publicKeyObject({ key, role, withDomain = role === 'cvca' }: CvTestInput): Uint8Array {
  const { prime, a, b, generator, order } = curve.domain
  const point = encodeTlv(0x86, key.point)
  const domain = [prime, a, b, generator, order].map((value, i) => encodeTlv(0x81 + i, value))
  return encodeTlv(0x7f49, [encodeTlv(0x06, ecdsaSha256), ...(withDomain ? [...domain, point, fromHex('870101')] : [point])])
}

/** The whole DO'7F21'. */
export function issueCv(input: CvTestInput): Uint8Array {
  const { authority, holder, role, rights = 0x03, from, to, signer, type = inspectionSystem, extensions } = input
  const template = Uint8Array.of(roleBits[role] | rights)
  const body = encodeTlv(0x7f4e, [
    fromHex('5f290100'),
    encodeTlv(0x42, name(authority)),
    publicKeyObject(input),
    encodeTlv(0x5f20, name(holder)),
    encodeTlv(0x7f4c, [encodeTlv(0x06, type), encodeTlv(0x53, template)]),
    encodeTlv(0x5f25, digits(from)),
    encodeTlv(0x5f24, digits(to)),
    ...(extensions === undefined ? [] : [encodeTlv(0x65, extensions)]),
  ])
  return encodeTlv(0x7f21, [body, encodeTlv(0x5f37, signPlainly(signer, body))])
}

/** ECDSA with SHA-256, r || s. */
export function signPlainly(signer: CvTestKey, data: Uint8Array): Uint8Array {
  return new Uint8Array(sign('sha256', data, { key: signer.privateKey, dsaEncoding: 'ieee-p1363' }))
}

/** What PSO: Verify Certificate carries: body and signature without the frame. */
export function insideOf(certificate: Uint8Array): Uint8Array {
  return certificate.slice(certificate[2]! < 0x80 ? 3 : 3 + (certificate[2]! & 0x7f))
}

/** Names, keys and certificates of a small world: two generations of CVCA, domestic and foreign verifiers, terminals. */
export function cvTestWorld() {
  const keys = { root: cvTestKey(), next: cvTestKey(), third: cvTestKey(), dv: cvTestKey(), terminal: cvTestKey() }
  const dv = { key: keys.dv, from: '260110', to: '261231' }
  const terminal = { role: 'terminal', key: keys.terminal, signer: keys.dv, rights: 0x01 } as const
  const root = { authority: 'IRCVCA00001', holder: 'IRCVCA00001', role: 'cvca', key: keys.root, signer: keys.root } as const
  return {
    keys,
    root: issueCv({ ...root, from: '250101', to: '271231' }),
    link: issueCv({ ...root, holder: 'IRCVCA00002', key: keys.next, from: '260601', to: '281231' }),
    third: issueCv({
      ...root,
      authority: 'IRCVCA00002',
      holder: 'IRCVCA00003',
      key: keys.third,
      signer: keys.next,
      from: '270101',
      to: '291231',
    }),
    dv: issueCv({ ...dv, authority: 'IRCVCA00001', holder: 'IRDV00001', role: 'dv-domestic', signer: keys.root }),
    foreignDv: issueCv({ ...dv, authority: 'IRCVCA00001', holder: 'DEDV00001', role: 'dv-foreign', signer: keys.root, rights: 0x01 }),
    nextDv: issueCv({
      ...dv,
      authority: 'IRCVCA00002',
      holder: 'IRDV00002',
      role: 'dv-domestic',
      signer: keys.next,
      from: '260701',
      to: '270630',
    }),
    terminal: issueCv({ ...terminal, authority: 'IRDV00001', holder: 'IRTERM00001', from: '260201', to: '260331' }),
    foreignTerminal: issueCv({ ...terminal, authority: 'DEDV00001', holder: 'DETERM00001', from: '260205', to: '260331' }),
    nextTerminal: issueCv({ ...terminal, authority: 'IRDV00002', holder: 'IRTERM00002', from: '260801', to: '260930' }),
  }
}

/** The names of the trust points, the newest first. */
export function trustedNames(trust: TerminalTrust): string[] {
  return authorityReferences(trust).map((reference) => String.fromCharCode(...reference))
}
