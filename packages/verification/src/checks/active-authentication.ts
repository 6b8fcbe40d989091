import { CardError, DecodeError, equalBytes } from '@kart/codec'
import { decodePublicKey, digest, type HashAlgorithm, verifyIso9796, verifySignature } from '@kart/crypto'
import { type Dg14, type Dg15, type EfSod, ecdsaPlainOids } from '@kart/layout'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { Evidence } from '../evidence.ts'
import type { OpenedFile } from '../open-file.ts'
import type { Policy } from '../policy.ts'
import { usableHash } from '../signature-scheme.ts'

const rows = {
  key: { id: 'aa.key-in-sod', title: 'The issuer signed the chip’s key', clause: 'Doc 9303-11, 8th ed., 6.1' },
  signature: { id: 'aa.signature', title: 'The chip signed our challenge with its key', clause: 'Doc 9303-11, 8th ed., 6.1' },
} as const satisfies Record<string, CheckRow>

/** Length of RND.IFD (Doc 9303-11, 8th ed., 6.1.2). */
const challengeLength = 8

/**
 * Active authentication (Doc 9303-11, 8th ed., 6.1): the chip holds the private key of EF.DG15, which EF.SOD must cover; for ECDSA the algorithm stands in
 * EF.DG14, which it must cover too. A copy of the data on another chip fails here, or cannot run.
 * `provedOtherwise`: chip authentication, or the mapping of PACE, has proved the chip.
 */
export function checkActiveAuthentication(
  evidence: Evidence,
  sod: EfSod | undefined,
  dg14: OpenedFile<Dg14>,
  dg15: OpenedFile<Dg15>,
  policy: Policy,
  provedOtherwise: boolean,
): Check[] {
  if (dg15.state === 'absent') {
    const detail = 'the card shows no EF.DG15, so the chip has no key to prove'
    // Where the policy leaves the proof open, or the chip proved another key, it excuses only a card that was issued without this one: not a key that is hidden, silent or wrong.
    const required = (policy.chipAuthentication === 'required' && !provedOtherwise) || (sod !== undefined && lists(sod, 15))
    return [notRun(rows.key, detail, required), notRun(rows.signature, detail, required)]
  }
  return [checkKey(sod, dg14, dg15), checkSignature(evidence, dg14, dg15, policy)]
}

function checkKey(sod: EfSod | undefined, dg14: OpenedFile<Dg14>, dg15: OpenedFile<Dg15>): Check {
  if (sod === undefined) return notRun(rows.key, 'there is no EF.SOD to look into')
  if (!covered(sod, 15, dg15)) return fail(rows.key, 'EF.DG15 is not what EF.SOD lists')
  if (dg14.state !== 'absent' && !covered(sod, 14, dg14)) return fail(rows.key, 'EF.DG14 is not what EF.SOD lists')
  return pass(rows.key, dg14.state === 'absent' ? 'EF.SOD lists EF.DG15' : 'EF.SOD lists EF.DG14 and EF.DG15')
}

function lists(sod: EfSod, group: number): boolean {
  return sod.ldsSecurityObject.dataGroupHashes.some((one) => one.dataGroup === group)
}

/** Whether EF.SOD lists this file with the digest of the bytes as they came. */
export function covered(sod: EfSod, group: number, file: OpenedFile<unknown>): boolean {
  const hash = usableHash(sod.ldsSecurityObject.hash)
  const expected = sod.ldsSecurityObject.dataGroupHashes.find((one) => one.dataGroup === group)
  return hash !== undefined && expected !== undefined && file.state !== 'absent' && equalBytes(digest(hash, file.bytes), expected.hash)
}

function checkSignature(evidence: Evidence, dg14: OpenedFile<Dg14>, dg15: OpenedFile<Dg15>, policy: Policy): Check {
  const row = rows.signature
  const exchange = evidence.activeAuthentication
  if (exchange === undefined) return notRun(row, 'the chip was not asked')
  if (exchange.challenge.length !== challengeLength) return fail(row, `a challenge of ${exchange.challenge.length} bytes`)
  if (exchange.signature === undefined) return fail(row, 'the chip refused to sign the challenge')
  if (dg15.state !== 'decoded') return fail(row, dg15.state === 'malformed' ? dg15.problem : 'EF.DG15 was not read')
  const spki = dg15.value.subjectPublicKeyInfo
  try {
    const key = decodePublicKey(spki, { minRsaBits: policy.minChipRsaBits })
    if (key.kind === 'rsa') {
      const result = verifyIso9796(key, exchange.challenge, exchange.signature, { minRsaBits: policy.minChipRsaBits })
      return result.valid
        ? pass(row, `RSA, ISO/IEC 9796-2, ${result.recovery.hash}`)
        : fail(row, `the signature is not the chip key’s (${result.problem})`)
    }
    const hash = ecdsaHash(dg14)
    const good = verifySignature(spki, { kind: 'ecdsa', hash, encoding: 'plain' }, exchange.challenge, exchange.signature)
    return good ? pass(row, `ECDSA on ${key.curve} with ${hash}`) : fail(row, 'the signature is not the chip key’s')
  } catch (error) {
    if (error instanceof CardError) return fail(row, error.message)
    throw error
  }
}

/** The digest that EF.DG14 names for an ECDSA key; throws DecodeError where it names none. */
function ecdsaHash(dg14: OpenedFile<Dg14>): HashAlgorithm {
  if (dg14.state !== 'decoded')
    throw new DecodeError('EF.DG14', dg14.state === 'absent' ? 'is missing, and with it the algorithm of the chip’s key' : dg14.problem)
  const infos = dg14.value.securityInfos.filter((info) => info.kind === 'active-authentication')
  if (infos.length !== 1) throw new DecodeError('EF.DG14', `${infos.length} active-authentication algorithms where one is expected`)
  const hash = (Object.keys(ecdsaPlainOids) as (keyof typeof ecdsaPlainOids)[]).find(
    (name) => ecdsaPlainOids[name] === infos[0]!.signatureAlgorithm,
  )
  if (hash === undefined) throw new DecodeError('EF.DG14', 'an active-authentication algorithm that is not plain ECDSA with SHA-2')
  return hash
}
