import { createHash } from 'node:crypto'
import type { ResponseApdu } from '@kart/apdu/card'
import { concatBytes, encodeTlv, equalBytes, fromHex, toHex } from '@kart/codec'
import type { ChipAuthenticationKeySpec, MessagingCipher } from '@kart/layout/profile'
import { aesCmac } from '../card-crypto/aes.ts'
import { retailMac } from '../card-crypto/triple-des.ts'
import { deriveKey } from '../emrtd/key-derivation.ts'
import { SecureMessagingSession } from '../emrtd/secure-messaging.ts'
import { standardizedGroup } from '../key-agreement/domain-parameters.ts'
import type { ChipKey } from '../memory/card-state.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { type Grants, withGrant, withoutGrant } from '../os/grants.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { readObjects, requireMessaging, setProgress } from './data-objects.ts'
import { type ChipSelection, noProgress } from './eac-progress.ts'

/** id-CA (0.4.0.127.0.7.2.2.3), then agreement and cipher (BSI TR-03110-3 v2.21, A.1.1.2 and A.4). */
const prefix = '04007f0007020203'
const agreements = ['DH', 'ECDH'] as const
const ciphers = ['3DES', 'AES-128', 'AES-192', 'AES-256'] as const satisfies readonly MessagingCipher[]
const emptyTemplate = encodeTlv(0x7c)

function protocolOf(oid: Uint8Array): { agreement: 'DH' | 'ECDH'; cipher: MessagingCipher } | undefined {
  const agreement = agreements[(oid[8] ?? 0) - 1]
  const cipher = ciphers[(oid[9] ?? 0) - 1]
  return oid.length === 10 && toHex(oid.subarray(0, 8)) === prefix && agreement && cipher ? { agreement, cipher } : undefined
}

interface UsableKey {
  readonly spec: ChipAuthenticationKeySpec
  readonly key: ChipKey
}

/** The card's keys of this agreement and version that were generated. */
function keysFor(card: CardContext, agreement: 'DH' | 'ECDH', version: 1 | 2): UsableKey[] {
  return (card.profile.chipAuthentication?.keys ?? []).flatMap((spec) => {
    const key = card.store.state.chipKeys.find(({ keyId }) => keyId === spec.keyId)
    return key && spec.agreement === agreement && spec.versions.includes(version) ? [{ spec, key }] : []
  })
}

/** The key that DO'84' names, or the only one; refuses 6A88 for a name that no key has, and for none where there are several. */
function chooseKey(keys: readonly UsableKey[], reference: Uint8Array | undefined): UsableKey {
  const named = reference === undefined ? keys : keys.filter(({ spec }) => equalBytes(Uint8Array.of(spec.keyId), reference))
  const [only, ...more] = named
  return only && more.length === 0 ? only : refuse(SW.dataNotFound)
}

/** Version 2 is what follows terminal authentication version 2, and nothing else is (BSI TR-03110-2 v2.21, 3.4). */
function versionOf(card: CardContext): 1 | 2 {
  return card.session.grants.eac.authenticated?.version === 2 ? 2 : 1
}

/**
 * MSE:Set AT for chip authentication (BSI TR-03110-3 v2.21, B.2 and B.14.1; Doc 9303-11, 8th ed., 6.2.4.2): DO'80' the protocol, DO'84' the key where there
 * are several. Refuses 6A80 for a protocol that is none of the key's, 6A88 for a key that is not there.
 */
export function selectChipAuthentication(card: CardContext, command: PlainCommand): ResponseApdu {
  requireMessaging(command)
  setProgress(card, { chip: undefined })
  // The command has no answer to ask for (TR-03105-3.3, EAC2_ISO7816_I_7).
  if (command.ne > 0) refuse(SW.wrongLength)
  const objects = readObjects(command.data, [0x80, 0x84])
  const oid = objects.get(0x80) ?? refuse(SW.wrongData)
  const { agreement, cipher } = protocolOf(oid) ?? refuse(SW.wrongData)
  const version = versionOf(card)
  const { spec } = chooseKey(keysFor(card, agreement, version), objects.get(0x84))
  if (!spec.ciphers.includes(cipher)) refuse(SW.wrongData)
  setProgress(card, { chip: { version, keyId: spec.keyId, agreement, cipher, oid } })
  return answer()
}

/**
 * MSE:Set KAT: all of chip authentication version 1 with 3DES in one command (BSI TR-03110-3 v2.21, B.2 and B.14.3; Doc 9303-11, 8th ed., 6.2.4.1): DO'91'
 * the terminal's key, DO'84' the card's. Refuses 6A80 for a key that is no element of the group; then the old session keys go on.
 */
export function agreeByTemplate(card: CardContext, command: PlainCommand): ResponseApdu {
  requireMessaging(command)
  setProgress(card, { chip: undefined })
  const objects = readObjects(command.data, [0x91, 0x84])
  const terminalKey = objects.get(0x91) ?? refuse(SW.wrongData)
  if (versionOf(card) !== 1) refuse(SW.conditions)
  const keys = agreements.flatMap((agreement) => keysFor(card, agreement, 1)).filter(({ spec }) => spec.ciphers.includes('3DES'))
  const { spec } = chooseKey(keys, objects.get(0x84))
  const { agreement, keyId } = spec
  const oid = fromHex(`${prefix}${agreement === 'DH' ? '01' : '02'}01`)
  return authenticateChip(card, { version: 1, keyId, agreement, cipher: '3DES', oid }, terminalKey, SW.wrongData, answer())
}

/**
 * GENERAL AUTHENTICATE of chip authentication (BSI TR-03110-3 v2.21, B.2): DO'7C' { DO'80' terminal's key } in; version 1 answers an empty DO'7C', version 2
 * DO'7C' { DO'81' nonce, DO'82' token }. The answer is still under the old keys; the next command comes under the new ones. Refuses 6A80 for a malformed
 * command, 6300 for a key that is none, or that terminal authentication did not announce.
 */
export function performChipAuthentication(card: CardContext, command: PlainCommand, selection: ChipSelection): ResponseApdu {
  requireMessaging(command)
  setProgress(card, { chip: undefined })
  // Before anything is agreed: a session whose answer did not fit must go on under the old keys (TR-03105-3.3, EAC2_ISO7816_I_8).
  if (command.ne === 0) refuse(SW.wrongLength)
  const template = readObjects(command.data, [0x7c]).get(0x7c) ?? refuse(SW.wrongData)
  const terminalKey = readObjects(template, [0x80]).get(0x80) ?? refuse(SW.wrongData)
  return authenticateChip(card, selection, terminalKey, SW.authenticationFailed, answer(emptyTemplate))
}

/** Agrees, derives, prepares the new secure messaging; version 2 answers with nonce and token, version 1 with what it is given. */
function authenticateChip(
  card: CardContext,
  selection: ChipSelection,
  terminalKey: Uint8Array,
  refusal: number,
  answered: ResponseApdu,
): ResponseApdu {
  const { version, cipher, agreement, keyId } = selection
  const { authenticated } = card.session.grants.eac
  const key = card.store.state.chipKeys.find((candidate) => candidate.keyId === keyId) ?? refuse(SW.dataNotFound)
  const compressedKey = compress(agreement, terminalKey)
  // The key must be the one that the terminal has signed (BSI TR-03110-2 v2.21, 3.4.1, step 3).
  if (version === 2 && !(authenticated && equalBytes(authenticated.compressedKey, compressedKey))) refuse(refusal)
  const secret = agree(agreement, key, terminalKey) ?? refuse(refusal)
  const nonce = version === 2 ? card.random(8) : new Uint8Array(0)
  const seed = concatBytes(secret, nonce)
  const ksEnc = deriveKey(cipher, seed, 1)
  const ksMac = deriveKey(cipher, seed, 2)
  const token = version === 2 ? tokenOf(selection, ksMac, terminalKey) : undefined
  card.session.next = {
    messaging: new SecureMessagingSession(cipher, ksEnc, ksMac),
    grants: grantsAfter(card.session.grants, version, compressedKey),
  }
  for (const wiped of [secret, seed, ksEnc, ksMac]) wiped.fill(0)
  return token === undefined ? answered : answer(encodeTlv(0x7c, [encodeTlv(0x81, nonce), encodeTlv(0x82, token)]))
}

/**
 * What the new secure messaging starts with: the rights of before, and the chip proved. Terminal authentication version 2 becomes good now; what version 1
 * gave was bound to the key of an earlier chip authentication and ends with it (Doc 9303-11, 8th ed., 7.1.3).
 */
function grantsAfter(grants: Grants, version: 1 | 2, compressedKey: Uint8Array): Grants {
  const { authenticated, imported } = grants.eac
  const fresh: Grants = {
    ...withGrant(withoutGrant(withoutGrant(grants, 'terminal-authentication'), 'chip-authentication'), 'chip-authentication'),
    terminal: undefined,
    eac: { ...noProgress, imported, authenticated, provedChip: { version, compressedKey } },
  }
  if (version !== 2 || authenticated === undefined) return fresh
  return { ...withGrant(fresh, 'terminal-authentication'), terminal: { rights: authenticated.rights, within: undefined } }
}

/** Comp(PK): a point's x coordinate, or SHA-1 of DH's public value (BSI TR-03110-3 v2.21, A.2.2.3). */
export function compress(agreement: 'DH' | 'ECDH', publicKey: Uint8Array): Uint8Array {
  if (agreement === 'ECDH') return publicKey.slice(1, 1 + ((publicKey.length - 1) >> 1))
  return new Uint8Array(createHash('sha1').update(publicKey).digest())
}

/** T_PICC, 8 bytes: the MAC over DO'7F49' { DO'06', DO'86' or DO'84' } of the terminal's key (BSI TR-03110-3 v2.21, A.2.4). */
function tokenOf({ agreement, cipher, oid }: ChipSelection, ksMac: Uint8Array, terminalKey: Uint8Array): Uint8Array {
  const input = encodeTlv(0x7f49, [encodeTlv(0x06, oid), encodeTlv(agreement === 'ECDH' ? 0x86 : 0x84, terminalKey)])
  return cipher === '3DES' ? retailMac(ksMac, input) : aesCmac(ksMac, input).slice(0, 8)
}

/** The shared secret, when the terminal's key is an element of the group that the card's key is in. */
function agree(agreement: 'DH' | 'ECDH', key: ChipKey, terminalKey: Uint8Array): Uint8Array | undefined {
  const group = standardizedGroup(key.parameterId)
  const element = group?.kind === agreement ? group.take(terminalKey) : undefined
  return element && group?.secret(element, key.privateKey)
}
