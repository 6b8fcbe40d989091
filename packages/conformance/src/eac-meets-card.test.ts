import { type CardChannel, getResponse, openChannel, readFile, selectApplication, selectFile, send } from '@kart/apdu/host'
import { toHex } from '@kart/codec'
import { standardizedParameters } from '@kart/crypto'
import { EmulatedCard } from '@kart/emulator'
import { type CvCertificate, efCvcaCodec, encodeChat, makeChat, type TerminalAlgorithmName, terminalAlgorithms } from '@kart/layout'
import type { ChipAuthenticationKeySpec } from '@kart/layout/profile'
import {
  AuthenticationError,
  type ChipAuthenticationProtocol,
  type CvSigner,
  canPassword,
  chipAuthenticationProtocols,
  compressedPublicKey,
  deriveBacKeys,
  dhWithCard,
  type EmrtdSession,
  ecdhWithCard,
  findCvChain,
  idPiccFromMrz,
  issueCvca,
  issueDocumentVerifier,
  issueLinkCertificate,
  issueTerminal,
  type KeyAgreement,
  paceProtocols,
  performBac,
  performChipAuthentication,
  performPace,
  performTerminalAuthentication,
  secureMessagingLayer,
} from '@kart/secure-channel'
import { describe, expect, it } from 'vitest'
import { can, cvKeyPair, dg3, eacProfile, emrtdAid, holder, type IssuedCard, issueEacCard } from './testing/eac-card.ts'

const cipherNames = { desede: '3DES', aes128: 'AES-128', aes192: 'AES-192', aes256: 'AES-256' } as const
const allCiphers = Object.values(cipherNames)

/** A chip key in every group that the terminal takes, its number that of the group. */
const chipKeys: readonly ChipAuthenticationKeySpec[] = standardizedParameters.flatMap(({ id, group }) =>
  group === undefined
    ? []
    : [{ keyId: id, agreement: group.startsWith('MODP') ? 'DH' : 'ECDH', parameterId: id, ciphers: allCiphers, versions: [1, 2] } as const],
)
const profile = eacProfile(chipKeys)

const both = ['read-dg3', 'read-dg4']
const at = (holderReference: string, effective: string, expiration: string, rights: readonly string[] = both) => ({
  holderReference,
  effective,
  expiration,
  rights,
})

interface Pki {
  readonly root: CvCertificate
  readonly link: CvCertificate
  readonly dv: CvCertificate
  readonly nextDv: CvCertificate
  readonly terminal: CvCertificate
  readonly nextTerminal: CvCertificate
  readonly signer: CvSigner
}

/** Root, link, verifiers below both, terminals below them; every key of one algorithm. */
async function makePki(algorithm: TerminalAlgorithmName, curve: string): Promise<Pki> {
  const [root, next, dv, terminal] = [0, 1, 2, 3].map(() => cvKeyPair(algorithm, curve)) as [Pair, Pair, Pair, Pair]
  const rootCertificate = await issueCvca({ ...at('IRCVCA00001', '2025-01-01', '2027-12-31'), ...root, terminalType: 'inspection-system' })
  const byRoot = { certificate: rootCertificate, signer: root.signer }
  const link = await issueLinkCertificate(byRoot, { ...at('IRCVCA00002', '2026-06-01', '2028-12-31'), publicKey: next.publicKey })
  const below = (issuer: typeof byRoot, name: string, from: string, to: string) =>
    issueDocumentVerifier(issuer, { ...at(name, from, to), publicKey: dv.publicKey, role: 'dv-domestic' })
  const verifier = await below(byRoot, 'IRDV00001', '2026-01-10', '2026-12-31')
  const nextVerifier = await below({ certificate: link, signer: next.signer }, 'IRDV00002', '2026-07-01', '2027-06-30')
  const domain = root.publicKey.kind === 'ec' && root.publicKey.domain ? { domain: root.publicKey.domain } : {}
  const end = (certificate: CvCertificate, name: string, from: string, to: string) =>
    issueTerminal({ certificate, signer: dv.signer, ...domain }, { ...at(name, from, to, ['read-dg3']), publicKey: terminal.publicKey })
  return {
    root: rootCertificate,
    link,
    dv: verifier,
    nextDv: nextVerifier,
    terminal: await end(verifier, 'IRTERM00001', '2026-02-01', '2026-03-31'),
    nextTerminal: await end(nextVerifier, 'IRTERM00002', '2026-08-01', '2026-09-30'),
    signer: terminal.signer,
  }
}
type Pair = ReturnType<typeof cvKeyPair>

const pki = await makePki('id-TA-ECDSA-SHA-256', 'prime256v1')
const issued = await issueEacCard(profile, [pki.root.raw])

interface Opened {
  readonly base: CardChannel
  readonly session: EmrtdSession
  readonly secured: CardChannel
  readonly idPicc: Uint8Array
}

const start = ({ memory, profile }: IssuedCard) => openChannel(new EmulatedCard({ memory, profile }).transport(), getResponse())

async function openBac(card: IssuedCard): Promise<Opened> {
  const base = start(card)
  await send(base, selectApplication(emrtdAid))
  const session = await performBac(base, deriveBacKeys(holder))
  return { base, session, secured: secureMessagingLayer(session)(base), idPicc: idPiccFromMrz('D23145890', '7') }
}

async function openPace(card: IssuedCard, mapping: 'gm' | 'cam', authorization?: Uint8Array): Promise<Opened> {
  const base = start(card)
  const protocol = paceProtocols.find((row) => row.agreement === 'ecdh' && row.mapping === mapping && row.cipher === 'aes128')!
  const selection = { protocol, group: 'P-256', parameterId: 12, referenceParameters: true } as const
  const result = await performPace(base, { selection, password: canPassword(can), ...(authorization ? { authorization } : {}) })
  const secured = secureMessagingLayer(result.session)(base)
  return { base, session: result.session, secured, idPicc: result.chipIdentifier }
}

function agreementWith(card: IssuedCard, { agreement, keyId }: ChipAuthenticationKeySpec): KeyAgreement {
  const spki = card.chipKeys.get(keyId)!
  return agreement === 'ECDH' ? ecdhWithCard(spki) : dhWithCard(spki)
}

const protocolFor = ({ agreement }: ChipAuthenticationKeySpec, cipher: ChipAuthenticationProtocol['cipher']): ChipAuthenticationProtocol =>
  chipAuthenticationProtocols.find((row) => row.agreement === agreement.toLowerCase() && row.cipher === cipher)!

const keyNumbered = (id: number): ChipAuthenticationKeySpec => chipKeys.find(({ keyId }) => keyId === id)!

/** Chip authentication version 1; the channel afterwards, and what terminal authentication signs. */
async function proveChip(
  card: IssuedCard,
  { base, secured }: Opened,
  spec: ChipAuthenticationKeySpec,
  cipher: ChipAuthenticationProtocol['cipher'],
  tripleDesWith: 'set-kat' | 'set-at' = 'set-kat',
) {
  const options = {
    version: 1,
    protocol: protocolFor(spec, cipher),
    keyId: spec.keyId,
    agreement: agreementWith(card, spec),
    tripleDesWith,
  } as const
  const { session, publicKey } = await performChipAuthentication(secured, options)
  const kind = spec.agreement === 'ECDH' ? 'ecdh' : 'dh'
  return { secured: secureMessagingLayer(session)(base), compressedKey: compressedPublicKey(kind, publicKey) }
}

async function readDg3(secured: CardChannel): Promise<Uint8Array | number> {
  await send(secured, selectApplication(emrtdAid))
  const { sw } = await secured.transmit(selectFile(0x0103).apdu)
  return sw === 0x9000 ? readFile(secured, { maxLength: 2048 }) : sw
}

describe('chip authentication version 1, terminal meets card', () => {
  const rows = chipKeys.flatMap((spec) =>
    Object.keys(cipherNames).map((cipher) => ({ spec, cipher: cipher as keyof typeof cipherNames, id: spec.keyId })),
  )
  it.each(rows)('$spec.agreement on parameters $id, $cipher: the chip proves itself, DG3 stays closed', async ({ spec, cipher }) => {
    const { secured } = await proveChip(issued, await openBac(issued), spec, cipher)
    expect(await readDg3(secured)).toBe(0x6982)
    await send(secured, selectFile(0x0101))
    expect((await readFile(secured, { maxLength: 128 })).length).toBe(95)
  })

  it('triple DES by MSE:Set AT too', async () => {
    const { secured } = await proveChip(issued, await openBac(issued), keyNumbered(12), 'desede', 'set-at')
    expect(await readDg3(secured)).toBe(0x6982)
  })

  it('P11 another card’s key, a key number that there is not: the terminal hears of no genuine chip', async () => {
    const opened = await openBac(issued)
    const spec = keyNumbered(12)
    const protocol = protocolFor(spec, 'aes128')
    const unknown = performChipAuthentication(opened.secured, { version: 1, protocol, keyId: 99, agreement: agreementWith(issued, spec) })
    await expect(unknown).rejects.toThrow(AuthenticationError)
    // A copy of the data groups on another chip: the agreement runs, and the first command under the new keys fails.
    const other = { ...issued, chipKeys: (await issueEacCard(profile, [])).chipKeys }
    const { secured } = await proveChip(other, opened, spec, 'aes128')
    await expect(secured.transmit(selectFile(0x0101).apdu)).rejects.toThrow()
  })
})

describe('terminal authentication version 1, terminal meets card', () => {
  const run = async (card: IssuedCard, opened: Opened, chain: readonly CvCertificate[], signer: CvSigner, spec = keyNumbered(12)) => {
    const { secured, compressedKey } = await proveChip(card, opened, spec, 'aes128')
    expect(await readDg3(secured)).toBe(0x6982)
    await performTerminalAuthentication(secured, { version: 1, chain, signer, idPicc: opened.idPicc, compressedKey })
    return secured
  }

  it.each([
    ['BAC', openBac],
    ['PACE, generic mapping', (card: IssuedCard) => openPace(card, 'gm')],
    ['PACE, chip authentication mapping', (card: IssuedCard) => openPace(card, 'cam')],
  ] as const)('after %s: DG3 opens with chip and terminal proved', async (_name, open) => {
    const card = await issueEacCard(profile, [pki.root.raw])
    const secured = await run(card, await open(card), [pki.dv, pki.terminal], pki.signer)
    expect(await readDg3(secured)).toEqual(dg3)
    // A new session starts with nothing.
    expect(await readDg3((await openBac(card)).secured)).toBe(0x6982)
  })

  it.each(chipKeys.map((spec) => ({ spec, id: spec.keyId, agreement: spec.agreement })))(
    'signs the $agreement key on parameters $id',
    async ({ spec }) => {
      expect(await readDg3(await run(issued, await openBac(issued), [pki.dv, pki.terminal], pki.signer, spec))).toEqual(dg3)
    },
  )

  const curves = [
    'secp224r1',
    'brainpoolP224r1',
    'prime256v1',
    'brainpoolP256r1',
    'brainpoolP320r1',
    'secp384r1',
    'brainpoolP384r1',
    'brainpoolP512r1',
    'secp521r1',
  ]
  // The terminal does not take SHA-1 unless told, nor P-192; the card's own tests have the published chain with SHA-1.
  const algorithms = terminalAlgorithms.filter(({ hash }) => hash !== 'sha1')
  it.each([
    ...algorithms.map(({ name }) => ({ name, curve: 'prime256v1' })),
    ...curves.map((curve) => ({ name: 'id-TA-ECDSA-SHA-512' as const, curve })),
  ])('certificates and signature by $name on $curve', async ({ name, curve }) => {
    const own = await makePki(name, curve)
    const card = await issueEacCard(eacProfile([keyNumbered(12)]), [own.root.raw])
    const secured = await run(card, await openBac(card), [own.link, own.nextDv, own.nextTerminal], own.signer)
    expect(await readDg3(secured)).toEqual(dg3)
  })

  it('P12 E_32 EF.CVCA names the new trust point after a link, and the way to it is found from there', async () => {
    const card = await issueEacCard(profile, [pki.root.raw])
    const first = await run(card, await openBac(card), [pki.link, pki.nextDv, pki.nextTerminal], pki.signer)
    expect(await readDg3(first)).toEqual(dg3)
    const { secured } = await openBac(card)
    await send(secured, selectFile(0x011c))
    const { authorityReferences } = efCvcaCodec.decode(await readFile(secured, { maxLength: 36, extent: 'file' }))
    expect(authorityReferences).toEqual(['IRCVCA00002', 'IRCVCA00001'])
    const store = [pki.root, pki.link, pki.dv, pki.nextDv]
    expect(findCvChain(store, pki.nextTerminal, authorityReferences)).toEqual([pki.nextDv, pki.nextTerminal])
    // The card's date is that of the newest certificate: the first terminal's has expired.
    await expect(run(card, await openBac(card), [pki.dv, pki.terminal], pki.signer)).rejects.toMatchObject({ sw: 0x6300 })
  })

  it.each<[string, (chain: readonly CvCertificate[]) => readonly CvCertificate[], number]>([
    ['E_24 without the verifier', ([, terminal]) => [terminal!], 0x6a88],
    [
      'E_17 with a forged verifier',
      ([dv, terminal]) => [{ ...dv!, raw: dv!.raw.with(dv!.raw.length - 1, dv!.raw.at(-1)! ^ 1) }, terminal!],
      0x6300,
    ],
    [
      'E_18 with a forged terminal',
      ([dv, terminal]) => [dv!, { ...terminal!, raw: terminal!.raw.with(terminal!.raw.length - 1, terminal!.raw.at(-1)! ^ 1) }],
      0x6300,
    ],
    ['E_24 from another root', () => [pki.nextDv, pki.nextTerminal], 0x6a88],
  ])('P12 %s the card refuses, and DG3 stays closed', async (_name, change, sw) => {
    const opened = await openBac(issued)
    const { secured, compressedKey } = await proveChip(issued, opened, keyNumbered(12), 'aes128')
    const chain = change([pki.dv, pki.terminal])
    const attempt = performTerminalAuthentication(secured, { version: 1, chain, signer: pki.signer, idPicc: opened.idPicc, compressedKey })
    await expect(attempt).rejects.toMatchObject({ sw })
    expect(await readDg3(secured)).toBe(0x6982)
  })

  it('P12 a signature for another card or another key is refused', async () => {
    const opened = await openBac(issued)
    const { secured, compressedKey } = await proveChip(issued, opened, keyNumbered(12), 'aes128')
    const options = { version: 1, chain: [pki.dv, pki.terminal], signer: pki.signer, idPicc: opened.idPicc, compressedKey } as const
    await expect(performTerminalAuthentication(secured, { ...options, idPicc: idPiccFromMrz('D23145891', '7') })).rejects.toMatchObject({
      sw: 0x6300,
    })
    await expect(
      performTerminalAuthentication(secured, { ...options, compressedKey: compressedKey.with(0, compressedKey[0]! ^ 1) }),
    ).rejects.toMatchObject({ sw: 0x6300 })
    await performTerminalAuthentication(secured, options)
    expect(await readDg3(secured)).toEqual(dg3)
    await expect(performTerminalAuthentication(secured, options)).rejects.toMatchObject({ sw: 0x6982 })
  })
})

describe('general authentication, terminal meets card', () => {
  const chat = (rights: readonly string[]) => encodeChat(makeChat('inspection-system', 'terminal', rights))

  it.each([
    ['the right to DG3', ['read-dg3'], dg3],
    ['every right', both, dg3],
    ['the right to DG4 alone', ['read-dg4'], 0x6982],
    ['no right', [], 0x6982],
  ] as const)('PACE told of %s, then terminal and chip authentication version 2', async (_name, rights, outcome) => {
    const opened = await openPace(issued, 'gm', chat(rights))
    const spec = keyNumbered(13)
    const agreement = agreementWith(issued, spec)
    const compressedKey = compressedPublicKey('ecdh', agreement.publicKey)
    const options = { version: 2, chain: [pki.dv, pki.terminal], signer: pki.signer, idPicc: opened.idPicc, compressedKey } as const
    await performTerminalAuthentication(opened.secured, options)
    expect(await readDg3(opened.secured)).toBe(0x6982)
    const { session } = await performChipAuthentication(opened.secured, {
      version: 2,
      protocol: protocolFor(spec, 'aes256'),
      keyId: spec.keyId,
      agreement,
    })
    expect(await readDg3(secureMessagingLayer(session)(opened.base))).toEqual(outcome)
  })

  it.each(chipKeys.map((spec) => ({ spec, id: spec.keyId })))('on parameters $id', async ({ spec }) => {
    const opened = await openPace(issued, 'gm')
    const agreement = agreementWith(issued, spec)
    const compressedKey = compressedPublicKey(spec.agreement === 'ECDH' ? 'ecdh' : 'dh', agreement.publicKey)
    await performTerminalAuthentication(opened.secured, {
      version: 2,
      chain: [pki.dv, pki.terminal],
      signer: pki.signer,
      idPicc: opened.idPicc,
      compressedKey,
    })
    const { session } = await performChipAuthentication(opened.secured, {
      version: 2,
      protocol: protocolFor(spec, 'aes192'),
      keyId: spec.keyId,
      agreement,
    })
    expect(await readDg3(secureMessagingLayer(session)(opened.base))).toEqual(dg3)
  })

  it('P11 another ephemeral key than the announced one is no genuine exchange', async () => {
    const opened = await openPace(issued, 'gm')
    const spec = keyNumbered(13)
    const compressedKey = compressedPublicKey('ecdh', agreementWith(issued, spec).publicKey)
    await performTerminalAuthentication(opened.secured, {
      version: 2,
      chain: [pki.dv, pki.terminal],
      signer: pki.signer,
      idPicc: opened.idPicc,
      compressedKey,
    })
    const other = performChipAuthentication(opened.secured, {
      version: 2,
      protocol: protocolFor(spec, 'aes128'),
      keyId: spec.keyId,
      agreement: agreementWith(issued, spec),
    })
    await expect(other).rejects.toMatchObject({ sw: 0x6300 })
    expect(await readDg3(opened.secured)).toBe(0x6982)
  })

  it('tells the terminal the names of its trust points', async () => {
    const base = start(issued)
    const protocol = paceProtocols.find((row) => row.agreement === 'ecdh' && row.mapping === 'gm' && row.cipher === 'aes128')!
    const selection = { protocol, group: 'P-256', parameterId: 12, referenceParameters: true } as const
    const { authorityReferences } = await performPace(base, { selection, password: canPassword(can), authorization: chat(both) })
    expect(authorityReferences.map(toHex)).toEqual([toHex(new TextEncoder().encode('IRCVCA00001'))])
  })
})
