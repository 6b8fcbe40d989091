import { decodeResponse } from '@kart/apdu/host'
import { fromHex, toHex } from '@kart/codec'
import { encodeAgreementKey } from '@kart/crypto'
import { type CvCertificate, decodeCvCertificate } from '@kart/layout'
import {
  chipAuthenticationProtocolOf,
  compressedPublicKey,
  dhWithCard,
  ecdhWithCard,
  importCvCertificate,
  keySigner,
  openCvKey,
  performChipAuthentication,
  startAesSession,
  startCvTrust,
  terminalAuthenticationData,
  trustPointOf,
  verifyCvChain,
  verifyCvSignature,
} from '@kart/secure-channel'
import { chipAuthenticationKeys, chipAuthenticationToken } from '../../../secure-channel/src/chip-authentication/session-keys.ts'
import { eacVectors } from './both-sides.ts'
import { type EacExample, scalarOf } from './eac-example.ts'
import { hexOf, type Load, type Row, same, type Vector } from './vector-rows.ts'

const certificate = (hex: unknown): CvCertificate => decodeCvCertificate(hexOf(hex))
const policy = { minRsaBits: 1024, algorithms: ['id-TA-RSA-v1-5-SHA-1', 'id-TA-ECDSA-SHA-256', 'id-TA-ECDSA-SHA-512'] } as const

/** Chip authentication version 2 with the example's ephemeral key, against the example's answer. */
async function chip({ kind, input, expected }: EacExample): Promise<void> {
  const { ca } = expected
  const protocol = chipAuthenticationProtocolOf(input.ca.oid!)!
  const spki = encodeAgreementKey(kind === 'ecdh' ? 'brainpoolP256r1' : 'MODP-1024-160', hexOf(ca.chipPublicKey))
  const scalar = scalarOf(kind, input.ca.terminalPrivateKey)
  const agreement = kind === 'ecdh' ? ecdhWithCard(spki, () => scalar.slice()) : dhWithCard(spki, () => scalar.slice())
  same('public key', toHex(agreement.publicKey), ca.terminalPublicKey)
  const answers = ['9000', `7c148108${input.ca.nonce}8208${ca.token}9000`]
  const channel = { transmit: async () => decodeResponse(fromHex(answers.shift()!)) }
  const { session } = await performChipAuthentication(channel, { version: 2, protocol, keyId: 1, agreement })
  const twin = startAesSession({ ksEnc: hexOf(ca.ksEnc), ksMac: hexOf(ca.ksMac), ssc: new Uint8Array(16) })
  const command = { cla: 0, ins: 0xd6, p1: 0, p2: 0, data: fromHex('0102'), ne: 0 }
  same('keys', toHex(session.protect(command).data), toHex(twin.protect(command).data))
}

/** What the terminal signs, and with what. */
async function terminal({ kind, input, expected }: EacExample): Promise<void> {
  const { ta, pace, ca } = expected
  const [idPicc, compressedKey] = [pace.chipPublicKey, ca.terminalPublicKey].map((key) => compressedPublicKey(kind, hexOf(key)))
  same('ID_PICC', toHex(idPicc!), ta.idPicc)
  same('Comp(PK)', toHex(compressedKey!), ta.compressedTerminalKey)
  const data = terminalAuthenticationData({ idPicc: idPicc!, challenge: hexOf(input.ta.challenge), compressedKey: compressedKey! })
  same('signed data', toHex(data), ta.signedData)
  const { publicKey } = certificate(input.ta.cvca)
  const key = openCvKey(certificate(input.ta.terminal).publicKey, publicKey.kind === 'ec' ? publicKey.domain : undefined, policy)
  if (!verifyCvSignature(key, data, hexOf(ta.signature))) throw new Error('signature')
  if (kind === 'dh') {
    const signer = keySigner(hexOf(input.ta.terminalPrivateKeyPkcs8), 'id-TA-RSA-v1-5-SHA-1')
    same('signature', toHex(await signer.sign(data)), ta.signature)
  }
}

const codedRole = (role: string | undefined): string =>
  role?.startsWith('DV') ? (role.includes('(10)') ? 'dv-domestic' : 'dv-foreign') : `${role}`.toLowerCase()

function parsed({ input, expected }: Row): void {
  const read = certificate(input.cvc)
  const { publicKey } = read
  const found = [
    read.authorityReference,
    read.holderReference,
    toHex(read.authorization.template),
    read.authorization.role,
    read.effective,
    read.expiration,
    toHex(publicKey.kind === 'ec' ? publicKey.point : publicKey.modulus),
  ]
  const { car, chr, chatTemplate, role, effective, expiration, publicPoint, modulusOrPrime } = expected
  same('certificate', `${found}`, `${[car, chr, chatTemplate, codedRole(role), effective, expiration, publicPoint ?? modulusOrPrime]}`)
}

function chain(certificates: ReadonlyMap<string, string>, { input, result }: Row): void {
  const [first, ...below] = (input.files as unknown as string[]).map((file) => certificate(certificates.get(file)))
  const trust = () => {
    const opened = startCvTrust([trustPointOf(first!, policy)], first!.effective)
    if (below.at(-1)?.authorization.role === 'terminal') return verifyCvChain(opened, below, { ...policy, otherTerminalType: 'no-rights' })
    return below.reduce((held, next) => importCvCertificate(held, next, { ...policy, otherTerminalType: 'no-rights' }), opened)
  }
  let holds = true
  try {
    trust()
  } catch {
    holds = false
  }
  if (holds !== (result === 'valid')) throw new Error('chain')
}

/** Version 1, by rows of our own: keys and what is signed. */
function ownChip({ input, expected }: Row): void {
  const protocol = chipAuthenticationProtocolOf(`${input.oid}`)!
  const { ksEnc, ksMac } = chipAuthenticationKeys(protocol, hexOf(expected.sharedSecretX))
  same('keys', `${toHex(ksEnc)} ${toHex(ksMac)}`, `${expected.ksEnc} ${expected.ksMac}`)
  if (chipAuthenticationToken(protocol, ksMac, hexOf(expected.terminalPublicKey)).length !== 8) throw new Error('token')
}

/** Chip and terminal authentication and CV certificates, the terminal alone. */
export const terminalEacVectors = (load: Load): readonly Vector[] => eacVectors(load, { chip, terminal, parsed, chain, ownChip })
