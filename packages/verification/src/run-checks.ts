import { DecodeError, LimitError } from '@kart/codec'
import {
  type CardProfile,
  type Dg1,
  type Dg11,
  dg1Codec,
  dg11Codec,
  dg14Codec,
  dg15Codec,
  efComCodec,
  efSodCodec,
  type MrzReading,
  readMrz,
} from '@kart/layout'
import type { MinutiaeTemplate } from '@kart/minutiae'
import type { Check } from './check.ts'
import { checkAccessOpened } from './checks/access.ts'
import { checkActiveAuthentication } from './checks/active-authentication.ts'
import { checkDataGroups, checkFiles, emrtd } from './checks/data-groups.ts'
import { checkEfCom } from './checks/ef-com.ts'
import { checkFinger } from './checks/finger.ts'
import { checkIdentity } from './checks/identity.ts'
import { authenticateSod } from './checks/passive-authentication.ts'
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
  /** The live finger: a template, or a record or card format in bytes. With it, a match is required; without it, the finger is not asked for. */
  readonly probe?: MinutiaeTemplate | Uint8Array
}

/**
 * Runs every check over evidence: access, passive authentication (EF.SOD, document signer, CSCA, hashes over the bytes as they came), active authentication,
 * identity, finger. Pure: no card, no clock, no file. A check that has nothing to look at is there all the same, as not run. Whatever a card holds becomes a
 * finding; only a probe that cannot be read throws (DecodeError, InputError): that is the caller's, not the card's.
 */
export async function runChecks(evidence: Evidence, context: CheckContext): Promise<Check[]> {
  const { profile, trust, policy, probe } = context
  const sodFile = openFile(evidence, emrtd, 'EF.SOD', efSodCodec)
  const sod = decodedValue(sodFile)
  const passive = authenticateSod(sodFile, trust, profile, policy)
  const dg1 = openFile(evidence, emrtd, 'EF.DG1', dg1Codec)
  const dg11 = openFile(evidence, emrtd, 'EF.DG11', dg11Codec)
  return [
    checkAccessOpened(evidence),
    ...passive.checks,
    ...checkDataGroups(evidence, sod, profile),
    ...checkActiveAuthentication(
      evidence,
      sod,
      openFile(evidence, emrtd, 'EF.DG14', dg14Codec),
      openFile(evidence, emrtd, 'EF.DG15', dg15Codec),
      policy,
    ),
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
  ]
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
