import { toHex } from '@kart/codec'
import type { EfCardAccess, EfCardSecurity, OpenedSecurityInfo } from '@kart/layout'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { Evidence } from '../evidence.ts'
import { decodedValue, type OpenedFile } from '../open-file.ts'

const row: CheckRow = {
  id: 'pa.security-infos',
  title: 'What the card offered before it was opened is what the issuer signed',
  clause: 'Doc 9303-11, 8th ed., 4.4.4 and 9.2; BSI TR-03105-5.1 J_01 to J_03',
}

const rawOf = (info: OpenedSecurityInfo): string => toHex(info.raw ?? new Uint8Array(0))

/** Infos of the first set that the second does not hold byte for byte. */
function lacking(infos: readonly OpenedSecurityInfo[], inside: readonly OpenedSecurityInfo[]): readonly OpenedSecurityInfo[] {
  const there = new Set(inside.map(rawOf))
  return infos.filter((info) => !there.has(rawOf(info)))
}

const list = (infos: readonly OpenedSecurityInfo[]): string => infos.map((info) => info.oid).join(', ')

/**
 * EF.CardAccess, which nobody signed, against EF.DG14 and EF.CardSecurity (P09, J_03): everything in it must stand in each of those that the card has, byte for byte;
 * the offer of PACE that was taken stands among them; and a key of one number is one key. Required where PACE opened the card.
 */
export function checkSecurityInfos(
  { access }: Evidence,
  cardAccess: OpenedFile<EfCardAccess>,
  dg14: readonly OpenedSecurityInfo[] | undefined,
  cardSecurity: OpenedFile<EfCardSecurity>,
): Check {
  const required = access.protocol === 'pace' && access.outcome === 'opened'
  if (cardAccess.state === 'absent') return notRun(row, 'EF.CardAccess was not read', required)
  if (cardAccess.state === 'malformed') return fail(row, cardAccess.problem, required)
  const offered = cardAccess.value.securityInfos
  const security = decodedValue(cardSecurity)?.securityInfos
  const signed = [
    ...(dg14 === undefined ? [] : [{ name: 'EF.DG14', infos: dg14 }]),
    ...(security === undefined ? [] : [{ name: 'EF.CardSecurity', infos: security }]),
  ]
  if (signed.length === 0) return notRun(row, 'neither EF.DG14 nor EF.CardSecurity was read', required)
  // Without EF.DG14 there may be EF.CardSecurity, as on cards of another kind; the data groups’ coverage says whether EF.DG14 is hidden.
  for (const { name, infos } of signed) {
    const without = lacking(offered, infos)
    if (without.length > 0) return fail(row, `EF.CardAccess says what ${name} does not: ${list(without)}`, required)
  }
  const { offer } = access.pace
  const taken = offer && offered.some((info) => info.kind === 'pace' && info.oid === offer.oid && info.parameterId === offer.parameterId)
  if (taken === false) return fail(row, 'the variant of PACE that was taken is not one that EF.CardAccess offers', required)
  const differing = keyOfTwoValues(dg14 ?? [], security ?? [])
  if (differing !== undefined) return fail(row, `EF.DG14 and EF.CardSecurity give different keys the number ${differing}`, required)
  return pass(row, `${offered.length} SecurityInfos, all of them in ${signed.map(({ name }) => name).join(' and ')}`, required)
}

function keyOfTwoValues(a: readonly OpenedSecurityInfo[], b: readonly OpenedSecurityInfo[]): number | undefined {
  for (const one of a)
    for (const other of b)
      if (
        one.kind === 'chip-authentication-public-key' &&
        other.kind === 'chip-authentication-public-key' &&
        one.keyId !== undefined &&
        one.keyId === other.keyId &&
        toHex(one.subjectPublicKeyInfo) !== toHex(other.subjectPublicKeyInfo)
      )
        return one.keyId
  return undefined
}
