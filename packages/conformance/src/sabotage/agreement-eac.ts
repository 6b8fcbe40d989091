import { type CardChannel, getResponse, openChannel, readBinary, selectApplication, selectFile, send } from '@kart/apdu/host'
import { encodeAscii, equalBytes, fromHex } from '@kart/codec'
import { encodeAgreementKey } from '@kart/crypto'
import { EmulatedCard } from '@kart/emulator'
import type { CvCertificate } from '@kart/layout'
import type { CardProfile } from '@kart/layout/profile'
import {
  canPassword,
  chipAuthenticationProtocolOf,
  choosePace,
  compressedPublicKey,
  cvPublicKey,
  dhWithCard,
  ecdhWithCard,
  issueCvca,
  issueDocumentVerifier,
  issueTerminal,
  keySigner,
  performChipAuthentication,
  performPace,
  performTerminalAuthentication,
  secureMessagingLayer,
  startCvTrust,
  trustPointOf,
  verifyCvChain,
} from '@kart/secure-channel'
import { freshPassword } from '../../../emulator/src/emrtd/pace/password-secret.ts'
import { standardizedDhGroups } from '../../../emulator/src/key-agreement/standardized-dh.ts'
import { dg3, eacProfile, emrtdAid } from '../testing/eac-card.ts'
import { curveChipKey, integerChipKey, root, terminal, verifier } from './fixed-keys.ts'
import { memoryIn } from './given-card.ts'

const spec = { ciphers: ['AES-128'], versions: [1, 2] } as const
const profile: CardProfile = {
  ...eacProfile([
    { keyId: 12, agreement: 'ECDH', parameterId: 12, ...spec },
    { keyId: 1, agreement: 'DH', parameterId: 0, ...spec },
  ]),
  pace: { offers: [{ agreement: 'ECDH', mapping: 'GM', cipher: 'AES-128', parameterId: 12 }], passwords: ['can'] },
  terminalAuthentication: { versions: [1, 2] },
}

const bytesOf = (value: bigint, length: number): Uint8Array => fromHex(value.toString(16).padStart(2 * length, '0'))

function chipKeys() {
  const { p, g } = standardizedDhGroups.find(({ parameterId }) => parameterId === 0)!.parameters
  return { ecdh: curveChipKey, dh: integerChipKey(bytesOf(p, 128), bytesOf(g, 128)) }
}

const term = (holderReference: string) => ({ holderReference, effective: '2026-01-01', expiration: '2026-12-31', rights: ['read-dg3'] })

/** Root, verifier and terminal below each other, the terminal's key with another hash than theirs. */
async function chainOf(): Promise<{ readonly top: CvCertificate; readonly below: readonly CvCertificate[] }> {
  const keyOf = ({ spki }: { readonly spki: Uint8Array }, hash: 256 | 512 = 256) => cvPublicKey(spki, `id-TA-ECDSA-SHA-${hash}`)
  const signerOf = ({ pkcs8 }: { readonly pkcs8: Uint8Array }) => keySigner(pkcs8, 'id-TA-ECDSA-SHA-256')
  const top = await issueCvca({ ...term('IRCVCA00001'), publicKey: keyOf(root), signer: signerOf(root), terminalType: 'inspection-system' })
  const dv = await issueDocumentVerifier(
    { certificate: top, signer: signerOf(root) },
    { ...term('IRDV00001'), publicKey: keyOf(verifier), role: 'dv-domestic' },
  )
  const domain = top.publicKey.kind === 'ec' ? top.publicKey.domain! : undefined
  const end = await issueTerminal(
    { certificate: dv, signer: signerOf(verifier), domain: domain! },
    { ...term('IRTERM00001'), publicKey: keyOf(terminal, 512) },
  )
  return { top, below: [dv, end] }
}

interface Opened {
  readonly base: CardChannel
  readonly secured: CardChannel
  readonly idPicc: Uint8Array
}

/** PACE with a card that has these keys. */
async function open(keys: ReturnType<typeof chipKeys>, trusted: Uint8Array | undefined): Promise<Opened> {
  const memory = memoryIn(
    (state) => ({
      ...state,
      pacePasswords: new Map([['can', freshPassword('can', encodeAscii('500540'))]]),
      chipKeys: [
        { keyId: 12, parameterId: 12, privateKey: keys.ecdh.privateKey },
        { keyId: 1, parameterId: 0, privateKey: keys.dh.privateKey },
      ],
      trust: trusted === undefined ? state.trust : { trustPoints: [trusted], date: fromHex('020600010001') },
      files: new Map([['emrtd', new Map([[0x0103, dg3]])]]),
    }),
    profile,
  )
  const base = openChannel(new EmulatedCard({ memory, profile }).transport(), getResponse())
  const { selection } = choosePace([{ kind: 'pace', oid: '0.4.0.127.0.7.2.2.4.2.2', version: 2, parameterId: 12 }])
  const result = await performPace(base, { selection: selection!, password: canPassword('500540') })
  return { base, secured: secureMessagingLayer(result.session)(base), idPicc: result.chipIdentifier }
}

function agreementWith(kind: 'ecdh' | 'dh', keys: ReturnType<typeof chipKeys>) {
  const spki = encodeAgreementKey(kind === 'ecdh' ? 'P-256' : 'MODP-1024-160', keys[kind].publicKey)
  const agreement = kind === 'ecdh' ? ecdhWithCard(spki) : dhWithCard(spki)
  const protocol = chipAuthenticationProtocolOf(`0.4.0.127.0.7.2.2.3.${kind === 'ecdh' ? 2 : 1}.2`)!
  return { agreement, protocol, keyId: kind === 'ecdh' ? 12 : 1, compressedKey: compressedPublicKey(kind, agreement.publicKey) }
}

/** Chip authentication version 1 over points and over integers; the application through its secure messaging. */
async function chipVersion1(): Promise<void> {
  const keys = chipKeys()
  for (const kind of ['ecdh', 'dh'] as const) {
    const { base, secured } = await open(keys, undefined)
    const { session } = await performChipAuthentication(secured, { version: 1, ...agreementWith(kind, keys) })
    await send(secureMessagingLayer(session)(base), selectApplication(emrtdAid))
  }
}

/** Both versions, with terminal authentication: version 2 has its nonce and token only behind that. */
export async function agreeOnChip(): Promise<void> {
  await chipVersion1()
  await agreeOnTerminal()
}

/** Terminal authentication version 1 behind chip authentication, and version 2 before it; EF.DG3 opens either way. */
export async function agreeOnTerminal(): Promise<void> {
  const { top, below } = await chainOf()
  verifyCvChain(startCvTrust([trustPointOf(top)], '2026-01-01'), below)
  const keys = chipKeys()
  const signer = keySigner(terminal.pkcs8, 'id-TA-ECDSA-SHA-512')
  for (const version of [1, 2] as const)
    for (const kind of ['ecdh', 'dh'] as const) {
      const { base, secured, idPicc } = await open(keys, top.raw)
      const with_ = agreementWith(kind, keys)
      const { compressedKey } = with_
      const proveTerminal = (channel: CardChannel) =>
        performTerminalAuthentication(channel, { version, chain: below, signer, idPicc, compressedKey })
      if (version === 2) await proveTerminal(secured)
      const { session } = await performChipAuthentication(secured, { version, ...with_ })
      const proved = secureMessagingLayer(session)(base)
      if (version === 1) await proveTerminal(proved)
      await send(proved, selectApplication(emrtdAid))
      await send(proved, selectFile(0x0103))
      if (!equalBytes(await send(proved, readBinary(0, 64)), dg3.slice(0, 64))) throw new Error('EF.DG3 came back changed')
    }
}
