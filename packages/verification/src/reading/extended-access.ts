import { DecodeError } from '@kart/codec'
import { CryptoError } from '@kart/crypto'
import {
  type CvCertificate,
  chatRights,
  dg1Codec,
  dg14Codec,
  efCardSecurityCodec,
  efCvcaCodec,
  effectiveChat,
  findApplication,
  findFile,
  mrzCheckDigit,
  type OpenedSecurityInfo,
  openSecurityInfo,
  readMrz,
} from '@kart/layout'
import {
  AuthenticationError,
  type ChipAuthenticationChoice,
  type CvSigner,
  chipAuthenticationChoices,
  compressedPublicKey,
  dhWithCard,
  ecdhWithCard,
  findCvChain,
  idPiccFromMrz,
  type KeyAgreement,
  type PaceResult,
  performChipAuthentication,
  performTerminalAuthentication,
  SecureMessagingError,
} from '@kart/secure-channel'
import { emrtd } from '../checks/data-groups.ts'
import type { AccessEvidence, ChipAuthenticationOutcome, TerminalAuthenticationOutcome } from '../evidence.ts'
import { readOne } from './read-files.ts'
import { isRefusal, type Reading } from './reading.ts'

/** A terminal that authenticates itself to cards: its certificates and what signs with its key, which may lie elsewhere. */
export interface TerminalCredentials {
  /** Everything that may stand between a card's trust point and the terminal: link certificates, document verifiers. */
  readonly certificates: readonly CvCertificate[]
  readonly certificate: CvCertificate
  readonly signer: CvSigner
}

/** SecurityInfos of EF.DG14 or EF.CardSecurity, opened; undefined where the file was not read or cannot be decoded. */
export function infosIn(reading: Reading, name: 'EF.DG14' | 'EF.CardSecurity'): readonly OpenedSecurityInfo[] | undefined {
  try {
    return name === 'EF.DG14'
      ? reading.decoded(emrtd, name, dg14Codec)?.securityInfos.map(openSecurityInfo)
      : reading.decoded('mf', name, efCardSecurityCodec)?.securityInfos
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** The terminal's ephemeral key with the card's static one, and the way to use it; undefined where the card's key cannot be used. */
export interface PreparedChipAuthentication {
  readonly choice: ChipAuthenticationChoice
  readonly agreement: KeyAgreement
  readonly source: ChipAuthenticationOutcome['source']
}

/** The first way of this version whose key is sound: a key that is not in its group is never used, and is found by the checks. */
export function prepareChipAuthentication(reading: Reading, version: 1 | 2): PreparedChipAuthentication | undefined {
  const source = version === 1 ? 'EF.DG14' : 'EF.CardSecurity'
  for (const choice of chipAuthenticationChoices(infosIn(reading, source) ?? [], version)) {
    try {
      const start = choice.protocol.agreement === 'ecdh' ? ecdhWithCard : dhWithCard
      return { choice, source, agreement: start(choice.publicKey.subjectPublicKeyInfo, reading.options.random) }
    } catch (error) {
      if (!(error instanceof CryptoError || error instanceof DecodeError)) throw error
    }
  }
  return undefined
}

/**
 * Chip authentication, after which everything goes through the new session (Doc 9303-11, 8th ed., 6.2). `probe` is a command that shows that the card has the new
 * keys: version 1 proves nothing by itself. A card that cannot go on in the new session has proved nothing, and is not read any further.
 */
export async function authenticateChip(
  reading: Reading,
  { choice, agreement, source }: PreparedChipAuthentication,
  probe: () => Promise<unknown>,
): Promise<ChipAuthenticationOutcome> {
  const { version, protocol, keyId, publicKey } = choice
  const base = { version, oid: protocol.oid, keyId, source, publicKey: publicKey.subjectPublicKeyInfo }
  reading.options.onProgress?.({ stage: 'chip-authentication' })
  try {
    const { session } = await performChipAuthentication(reading.channel, { version, protocol, keyId, agreement })
    reading.enter(session)
    await probe()
    // What the probe gathers may take an answer that was never opened for one about its file.
    if (session.isOver) throw new SecureMessagingError()
    reading.opened = { ...reading.opened, protocols: [...reading.opened.protocols, 'chip-authentication'] }
    return { ...base, outcome: 'proved', problem: undefined }
  } catch (error) {
    reading.budget.orderEnd()
    if (error instanceof SecureMessagingError) {
      reading.lost = 'the card did not go on with the keys of chip authentication'
      return { ...base, outcome: 'refused', problem: reading.lost }
    }
    if (error instanceof AuthenticationError || isRefusal(error)) return { ...base, outcome: 'refused', problem: error.message }
    throw error
  }
}

/** Names of the card's trust points: as PACE told them, or from EF.CVCA. */
async function trustPoints(reading: Reading, access: AccessEvidence): Promise<readonly string[]> {
  if (access.pace.authorityReferences.length > 0) return access.pace.authorityReferences
  const application = findApplication(reading.options.profile, emrtd)
  const spec = findFile(reading.options.profile, emrtd, 'EF.CVCA')
  if (application === undefined || spec === undefined) return []
  if (reading.bytesOf(emrtd, spec.name) === undefined) await readOne(reading, application, spec)
  return reading.decoded(emrtd, spec.name, efCvcaCodec)?.authorityReferences ?? []
}

/** The rights that terminal and authorities have together. */
function rightsOf(chain: readonly CvCertificate[]): readonly string[] {
  const authorizations = chain.map(({ authorization }) => authorization)
  return chatRights(effectiveChat(authorizations.at(-1)!, authorizations.slice(0, -1)))
}

/** ID_PICC: after PACE the card's ephemeral key, after BAC the document number of EF.DG1 (Doc 9303-11, 8th ed., 7.1.2). */
function idPicc(reading: Reading, pace: PaceResult | undefined): Uint8Array | undefined {
  if (pace !== undefined) return pace.chipIdentifier
  const dg1 = reading.decoded(emrtd, 'EF.DG1', dg1Codec)
  try {
    const number = dg1 && readMrz(dg1.mrz).raw.documentNumber
    return number === undefined ? undefined : idPiccFromMrz(number, mrzCheckDigit(number))
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

/** Terminal authentication: version 1 after chip authentication with the ephemeral key of that, version 2 before it (Doc 9303-11, 8th ed., 7.1; TR-03110-2 v2.21, 3.3). */
export async function authenticateTerminal(
  reading: Reading,
  access: AccessEvidence,
  pace: PaceResult | undefined,
  terminal: TerminalCredentials,
  version: 1 | 2,
  agreement: Pick<KeyAgreement, 'kind' | 'publicKey'>,
): Promise<TerminalAuthenticationOutcome> {
  const points = await trustPoints(reading, access)
  reading.options.onProgress?.({ stage: 'terminal-authentication' })
  const chain = findCvChain(terminal.certificates, terminal.certificate, points)
  const none = { outcome: 'no-chain', version, chain: [], rights: [] } as const
  if (chain === undefined)
    return {
      ...none,
      problem:
        points.length === 0
          ? 'the card names no trust point'
          : `no certificates lead from ${points.join(' or ')}, which the card trusts, to ${terminal.certificate.holderReference}`,
    }
  const identifier = idPicc(reading, pace)
  if (identifier === undefined) return { ...none, problem: 'there is no document number to identify the card by' }
  const base = { version, chain: chain.map(({ holderReference }) => holderReference), rights: rightsOf(chain) }
  try {
    await performTerminalAuthentication(reading.channel, {
      ...{ version, chain, signer: terminal.signer, idPicc: identifier },
      compressedKey: compressedPublicKey(agreement.kind, agreement.publicKey),
    })
    const { protocols, rights } = reading.opened
    reading.opened = { protocols: [...protocols, 'terminal-authentication'], rights: [...rights, ...base.rights] }
    return { ...base, outcome: 'authenticated', problem: undefined }
  } catch (error) {
    reading.budget.orderEnd()
    if (error instanceof AuthenticationError || isRefusal(error)) return { ...base, outcome: 'refused', problem: error.message }
    throw error
  }
}
