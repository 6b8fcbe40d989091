import { DecodeError, LimitError } from '@kart/codec'
import {
  type CardProfile,
  type Certificate,
  type Dg1,
  type Dg11,
  type Dg14,
  dg1Codec,
  dg11Codec,
  dg14Codec,
  dg15Codec,
  efCardAccessCodec,
  efCardSecurityCodec,
  efComCodec,
  efSodCodec,
  type MrzReading,
  type OpenedSecurityInfo,
  openSecurityInfo,
  readMrz,
} from '@kart/layout'
import type { MinutiaeTemplate } from '@kart/minutiae'
import type { Check } from './check.ts'
import { checkAccessOpened, checkNoDowngrade } from './checks/access.ts'
import { checkActiveAuthentication, covered } from './checks/active-authentication.ts'
import { checkChipAuthentication, checkMapping, checkTerminalAuthentication, type SignedInfos } from './checks/chip-authentication.ts'
import { checkDataGroups, checkFiles, emrtd } from './checks/data-groups.ts'
import { checkEfCom } from './checks/ef-com.ts'
import { checkFinger } from './checks/finger.ts'
import { checkFingerOnCard } from './checks/finger-on-card.ts'
import { checkHolder } from './checks/holder.ts'
import { checkIdentity } from './checks/identity.ts'
import { authenticateCardSecurity, authenticateSod } from './checks/passive-authentication.ts'
import { checkRoundTrip } from './checks/round-trip.ts'
import { checkSecurityInfos } from './checks/security-infos.ts'
import { checkWellFormed } from './checks/well-formed.ts'
import type { Evidence } from './evidence.ts'
import { decodedValue, type OpenedFile, openFile } from './open-file.ts'
import type { Policy } from './policy.ts'
import type { TrustStore } from './trust-store.ts'

/** What evidence is judged against. */
export interface CheckContext {
  readonly profile: CardProfile
  readonly trust: TrustStore
  readonly policy: Policy
  /**
   * Authorities that certify holders' keys: a list of its own, in which no CSCA counts. With it, or with evidence of the holder's application, the holder's certificates
   * are required to be in order; without either, they are not asked for.
   */
  readonly holderAuthorities?: readonly Certificate[]
  /** The live finger: a template, or a record or card format in bytes. With it, a match is required; without it, the finger is not asked for. */
  readonly probe?: MinutiaeTemplate | Uint8Array
}

/**
 * Runs every check over evidence: access, passive authentication (EF.SOD and EF.CardSecurity, document signer, CSCA, hashes over the bytes as they came), chip and active
 * authentication, terminal authentication, identity, finger, the holder's certificates and key. Pure: no card, no clock, no file. A check that has nothing to look at is there all the same, as not run. Whatever a card holds becomes a
 * finding; only a probe that cannot be read throws (DecodeError, InputError): that is the caller's, not the card's.
 */
export async function runChecks(evidence: Evidence, context: CheckContext): Promise<Check[]> {
  const { profile, trust, policy, probe } = context
  const sodFile = openFile(evidence, emrtd, 'EF.SOD', efSodCodec)
  const sod = decodedValue(sodFile)
  const passive = authenticateSod(sodFile, trust, profile, policy)
  const cardSecurity = openFile(evidence, 'mf', 'EF.CardSecurity', efCardSecurityCodec)
  const restsOnCardSecurity = evidence.access.pace.mapping !== undefined || evidence.chipAuthentication?.source === 'EF.CardSecurity'
  const cardSecuritySigned = authenticateCardSecurity(cardSecurity, restsOnCardSecurity, passive.csca, trust, profile, policy)
  const dg14 = openFile(evidence, emrtd, 'EF.DG14', dg14Codec)
  const signed: SignedInfos = {
    dg14: openInfos(dg14),
    dg14Covered: sod !== undefined && covered(sod, 14, dg14),
    cardSecurity: decodedValue(cardSecurity)?.securityInfos,
  }
  const mapping = checkMapping(evidence, signed)
  const chip = checkChipAuthentication(evidence, signed, mapping, policy)
  const proved = chip.outcome === 'pass' || (mapping.outcome === 'pass' && cardSecuritySigned.outcome === 'pass')
  const active = checkActiveAuthentication(evidence, sod, dg14, openFile(evidence, emrtd, 'EF.DG15', dg15Codec), policy, proved)
  const genuine = proved || active.some(({ id, outcome }) => id === 'aa.signature' && outcome === 'pass')
  const dg1 = openFile(evidence, emrtd, 'EF.DG1', dg1Codec)
  const dg11 = openFile(evidence, emrtd, 'EF.DG11', dg11Codec)
  return [
    checkAccessOpened(evidence),
    checkNoDowngrade(evidence, sod, signed.dg14),
    checkRoundTrip(evidence, policy),
    ...passive.checks,
    cardSecuritySigned,
    checkSecurityInfos(evidence, openFile(evidence, 'mf', 'EF.CardAccess', efCardAccessCodec), signed.dg14, cardSecurity),
    ...checkDataGroups(evidence, sod, profile),
    mapping,
    chip,
    ...active,
    checkTerminalAuthentication(evidence),
    ...checkIdentity(
      {
        ...readZone(dg1),
        details: detailsOf(dg11),
        access: evidence.access.key,
        signer: passive.signer?.subject,
        csca: passive.csca?.subject,
      },
      profile,
      policy,
    ),
    checkFiles(evidence, profile),
    checkWellFormed(evidence, profile),
    checkEfCom(openFile(evidence, emrtd, 'EF.COM', efComCodec), sod),
    ...checkFinger(evidence, probe, policy),
    ...checkFingerOnCard(evidence, genuine),
    ...checkHolder(evidence, decodedValue(dg11), context),
  ]
}

/** SecurityInfos of EF.DG14; undefined where it was not read, or one of a protocol that we know does not have its form. */
function openInfos(file: OpenedFile<Dg14>): readonly OpenedSecurityInfo[] | undefined {
  try {
    return decodedValue(file)?.securityInfos.map(openSecurityInfo)
  } catch (error) {
    if (error instanceof DecodeError || error instanceof LimitError) return undefined
    throw error
  }
}

function readZone(dg1: OpenedFile<Dg1>): { mrz: MrzReading | undefined; mrzProblem: string } {
  if (dg1.state !== 'decoded') return { mrz: undefined, mrzProblem: dg1.state === 'absent' ? 'EF.DG1 was not read' : dg1.problem }
  try {
    return { mrz: readMrz(dg1.value.mrz), mrzProblem: '' }
  } catch (error) {
    if (error instanceof DecodeError || error instanceof LimitError) return { mrz: undefined, mrzProblem: error.message }
    throw error
  }
}

function detailsOf(
  dg11: OpenedFile<Dg11>,
): { personalNumber: string | undefined; dateOfBirth: Dg11['dateOfBirth'] | undefined } | undefined {
  const value = decodedValue(dg11)
  return value === undefined ? undefined : { personalNumber: value.personalNumber, dateOfBirth: value.dateOfBirth }
}
