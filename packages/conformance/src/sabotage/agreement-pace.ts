import { getResponse, openChannel, readBinary, selectApplication, selectFile, send } from '@kart/apdu/host'
import { encodeAscii, equalBytes, fromHex } from '@kart/codec'
import { EmulatedCard } from '@kart/emulator'
import { type CardProfile, nationalId, type PaceOfferSpec } from '@kart/layout/profile'
import {
  canPassword,
  choosePace,
  mrzPassword,
  type PacePassword,
  paceProtocols,
  performPace,
  secureMessagingLayer,
  verifyChipAuthenticationMapping,
} from '@kart/secure-channel'
import { freshPassword } from '../../../emulator/src/emrtd/pace/password-secret.ts'
import { curveChipKey } from './fixed-keys.ts'
import { memoryIn } from './given-card.ts'

const emrtd = fromHex('A0000002471001')
const content = fromHex('615D5F1F5A').map((byte, i) => (i === 1 ? 3 : byte))
const holder = { documentNumber: 'T22000129', dateOfBirth: '640812', dateOfExpiry: '101031' }
const mrzSecret = fromHex('7e2d2a41c74ea0b38cd36f863939bfa8e9032aad') // of this holder (Doc 9303-11, appendix G.1)

const rows: readonly { readonly offer: PaceOfferSpec; readonly password: 'mrz' | 'can' }[] = [
  { offer: { agreement: 'ECDH', mapping: 'GM', cipher: 'AES-128', parameterId: 12 }, password: 'mrz' },
  { offer: { agreement: 'ECDH', mapping: 'IM', cipher: 'AES-128', parameterId: 12 }, password: 'can' },
  { offer: { agreement: 'ECDH', mapping: 'CAM', cipher: 'AES-128', parameterId: 12 }, password: 'can' },
  { offer: { agreement: 'DH', mapping: 'GM', cipher: 'AES-128', parameterId: 0 }, password: 'can' },
  { offer: { agreement: 'DH', mapping: 'IM', cipher: 'AES-128', parameterId: 0 }, password: 'can' },
]

async function run({ offer, password }: (typeof rows)[number]): Promise<void> {
  const profile: CardProfile = { ...nationalId, pace: { offers: [offer], passwords: ['mrz', 'can'] } }
  const memory = memoryIn(
    (state) => ({
      ...state,
      pacePasswords: new Map([
        ['mrz', freshPassword('mrz', mrzSecret)],
        ['can', freshPassword('can', encodeAscii('500540'))],
      ]),
      chipKeys: [{ keyId: 12, parameterId: 12, privateKey: curveChipKey.privateKey }],
      files: new Map([['emrtd', new Map([[0x0101, content]])]]),
    }),
    profile,
  )
  const base = openChannel(new EmulatedCard({ memory, profile }).transport(), getResponse())
  const [agreement, mapping] = [offer.agreement.toLowerCase(), offer.mapping.toLowerCase()]
  const { oid } = paceProtocols.find((row) => row.agreement === agreement && row.mapping === mapping && row.cipher === 'aes128')!
  const { selection } = choosePace([{ kind: 'pace', oid, version: 2, parameterId: offer.parameterId }], {
    mappings: ['gm', 'im', 'cam'],
    ciphers: ['aes128'],
    groups: ['P-256', 'MODP-1024-160'],
  })
  const secret: PacePassword = password === 'mrz' ? mrzPassword(holder) : canPassword('500540')
  const result = await performPace(base, { selection: selection!, password: secret })
  if (result.chipAuthentication && !verifyChipAuthenticationMapping(result.chipAuthentication, curveChipKey.publicKey))
    throw new Error('the chip is not proved')
  const secured = secureMessagingLayer(result.session)(base)
  await send(secured, selectApplication(emrtd))
  await send(secured, selectFile(0x0101))
  if (!equalBytes(await send(secured, readBinary(0, content.length)), content)) throw new Error('the file came back changed')
}

/** PACE with each mapping over each kind of group, then a file through its secure messaging. */
export async function agreeOnPace(): Promise<void> {
  for (const row of rows) await run(row)
}
