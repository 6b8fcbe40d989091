import {
  type CardChannel,
  type CardCommand,
  externalAuthenticate,
  getChallenge,
  StatusWordError,
  send,
  setAuthenticationTemplate,
  setVerificationKey,
  verifyCertificate,
} from '@kart/apdu/host'
import { decodeTlv, encodeTlv, InputError } from '@kart/codec'
import { type CvCertificate, encodeKeyReference, encodeOid, terminalAlgorithm } from '@kart/layout'
import { AuthenticationError } from '../channel-error.ts'
import { terminalAuthenticationData } from './authentication-data.ts'
import type { CvSigner } from './cv-signer.ts'

const label = 'terminal authentication'

/** MSE:Set DST and PSO:Verify Certificate for one certificate (BSI TR-03110-3 v2.21, B.3, B.14.4 and B.14.5). */
export function certificateCommands(certificate: CvCertificate): readonly CardCommand<void>[] {
  return [
    setVerificationKey(encodeKeyReference(certificate.authorityReference), { label: certificate.authorityReference }),
    verifyCertificate(decodeTlv(certificate.raw, 0x7f21, { constructed: false }).value, { label: certificate.holderReference }),
  ]
}

/** What version 2 says of the terminal's key before chip authentication. */
export interface TerminalAuthenticationV2 {
  /** Comp(PK) of the ephemeral key that chip authentication will use. */
  readonly compressedKey: Uint8Array
  /** The whole authenticated auxiliary data DO'67'. */
  readonly auxiliaryData?: Uint8Array
}

/**
 * MSE:Set AT for the terminal's key (BSI TR-03110-3 v2.21, B.14.1): version 1 names the key alone; version 2 (`v2`) the protocol, the key, the auxiliary data
 * and the compressed ephemeral key. Throws InputError, DecodeError for auxiliary data that are no DO'67'.
 */
export function terminalAuthenticationTemplate(certificate: CvCertificate, v2?: TerminalAuthenticationV2): CardCommand<void> {
  const publicKeyReference = encodeKeyReference(certificate.holderReference)
  if (v2 === undefined) return setAuthenticationTemplate('external', { publicKeyReference }, { label })
  const mechanism = decodeTlv(encodeOid(certificate.publicKey.oid), 0x06).value
  const auxiliaryData = v2.auxiliaryData && decodeTlv(v2.auxiliaryData, 0x67, { constructed: false }).value
  return setAuthenticationTemplate(
    'external',
    { mechanism, publicKeyReference, ephemeralPublicKey: v2.compressedKey, ...(auxiliaryData === undefined ? {} : { auxiliaryData }) },
    { label },
  )
}

/** Input of {@link performTerminalAuthentication}. */
export interface TerminalAuthenticationOptions {
  /** 1 after chip authentication (or PACE with chip authentication mapping), 2 before it. */
  readonly version: 1 | 2
  /** Certificates from below one of the card's trust points down to the terminal's own, which is the last. */
  readonly chain: readonly CvCertificate[]
  /** Holds the terminal's private key. */
  readonly signer: CvSigner
  /** See `TerminalAuthenticationInput`. */
  readonly idPicc: Uint8Array
  readonly compressedKey: Uint8Array
  /** The whole authenticated auxiliary data DO'67'; version 2 only. */
  readonly auxiliaryData?: Uint8Array
}

/**
 * Terminal authentication (BSI TR-03110-3 v2.21, B.3; Doc 9303-11, 8th ed., 7.1): hands the certificates over one by one, names the terminal's key, signs the
 * card's challenge. Throws InputError for a chain without a terminal, another algorithm or auxiliary data in version 1, before anything is sent;
 * AuthenticationError, with the status word, when the card refuses a certificate, the key or the signature; DecodeError for a challenge that is not 8 bytes.
 */
export async function performTerminalAuthentication(channel: CardChannel, options: TerminalAuthenticationOptions): Promise<void> {
  const { version, chain, signer, idPicc, compressedKey, auxiliaryData } = options
  const terminal = chain.at(-1)
  if (terminal?.authorization.role !== 'terminal') throw new InputError('chain', 'does not end with a terminal’s certificate')
  if (terminalAlgorithm(terminal.publicKey.oid)?.name !== signer.algorithm)
    throw new InputError('signer.algorithm', 'is not that of the terminal’s certificate')
  if (version === 1 && auxiliaryData !== undefined) throw new InputError('auxiliaryData', 'is of version 2')
  const extra = auxiliaryData === undefined ? {} : { auxiliaryData }
  const template = terminalAuthenticationTemplate(terminal, version === 2 ? { compressedKey, ...extra } : undefined)
  for (const certificate of chain)
    for (const command of certificateCommands(certificate))
      await exchange(channel, command, `the card refused the certificate of ${certificate.holderReference}`)
  await exchange(channel, template, 'the card refused the terminal’s key')
  const challenge = await send(channel, getChallenge(8, { label }))
  const signature = await signer.sign(terminalAuthenticationData({ idPicc, challenge, compressedKey, ...extra }))
  await exchange(channel, externalAuthenticate(signature, { label }), 'the card refused the terminal’s signature')
}

async function exchange(channel: CardChannel, command: CardCommand<void>, problem: string): Promise<void> {
  try {
    await send(channel, command)
  } catch (error) {
    if (error instanceof StatusWordError) throw new AuthenticationError(label, problem, { sw: error.sw })
    throw error
  }
}

/** The authenticated auxiliary data DO'67' of these templates: each an object identifier and a DO'53' (BSI TR-03110-3 v2.21, A.7.5). Throws InputError. */
export function auxiliaryData(items: readonly { readonly oid: string; readonly data: Uint8Array }[]): Uint8Array {
  if (items.length === 0) throw new InputError('items', 'are empty')
  return encodeTlv(
    0x67,
    items.map(({ oid, data }) => encodeTlv(0x73, [encodeOid(oid), encodeTlv(0x53, data)])),
  )
}
