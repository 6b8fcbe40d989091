import type { ResponseApdu } from '@kart/apdu/card'
import { bytesToUint, equalBytes, fromHex } from '@kart/codec'
import { generateHolderKey, publicKeyObject } from '../../card-crypto/holder-key.ts'
import type { CardState } from '../../memory/card-state.ts'
import { type HolderFile, holderFileTypes } from '../../memory/holder-state.ts'
import type { CardContext, PlainCommand } from '../../os/card-context.ts'
import { answer, refuse, SW } from '../../os/status.ts'
import type { GroupingUse } from '../../security-domain/grouping-use.ts'
import { requireRoom } from '../create-file.ts'
import { currentFile, requireCreation, requireRight } from '../holder-rights.ts'
import { withHolderFile } from '../signature-state.ts'

/** Public exponent 65537, as the stock tool asks for it: 30 05 { DO'81' }. */
const wantedExponent = fromHex('30058103010001')

/** The state with a fresh pair in the key file: file and pair come in one commit, or neither does. Refuses 6A80 for a kind of key that the card does not make. */
function withFreshKey(state: CardState, fid: number, file: HolderFile): { readonly state: CardState; readonly publicKey: Uint8Array } {
  const kind = file.type === 'transparent' ? refuse(SW.noCurrentFile) : { type: file.type, size: file.size }
  const privateKey = generateHolderKey(kind) ?? refuse(SW.wrongData)
  return { state: withHolderFile(state, fid, { ...file, privateKey }), publicKey: publicKeyObject(kind, privateKey) }
}

/**
 * GENERATE ASYMMETRIC KEY PAIR (ISO/IEC 7816-8:2021, 11.1) in the current key file, in place of a pair that it holds; creation phase only. An RSA key may be asked its exponent, 65537 alone.
 * With Le the answer is the public key, DO'7F49', else empty. Runs to its end once begun: 0.1 to 2 s for RSA.
 */
export function generatePair(card: CardContext, command: PlainCommand): ResponseApdu {
  requireCreation(card)
  if (command.p1 !== 0x00 || command.p2 !== 0x00) refuse(SW.wrongParameters)
  const { fid, file } = currentFile(card)
  if (file.type === 'transparent') refuse(SW.noCurrentFile)
  requireRight(card, command, file, 'generate')
  const { data } = command
  if (data.length > 0 && (file.type !== 'rsa' || !equalBytes(data, wantedExponent))) refuse(SW.wrongData)
  const { state, publicKey } = withFreshKey(card.store.state, fid, file)
  card.store.commit(state)
  return answer(command.ne === 0 ? undefined : publicKey)
}

const groupingLength = 10

/** The data grouping that makes a key file and its pair (house rule; its form stands with {@link PersonalizationDgis}). The file takes the place of a key file of that identifier. */
export const generateGrouping: GroupingUse = {
  maxLength: groupingLength,
  apply: (state, value) => {
    if (value.length !== groupingLength) refuse(SW.wrongData)
    const fid = bytesToUint(value.subarray(0, 2))
    const type = (['rsa', 'ec'] as const).find((name) => holderFileTypes[name] === value[2]) ?? refuse(SW.wrongData)
    const held = state.signature.files.get(fid)
    if (fid >> 8 !== keyFiles || held?.type === 'transparent') refuse(SW.wrongData)
    requireRoom(state.signature.files, fid, 0)
    const made = withFreshKey(state, fid, {
      type,
      size: bytesToUint(value.subarray(3, 5)),
      access: value.slice(5, 8),
      properties: value.slice(8, 10),
      content: new Uint8Array(0),
      privateKey: undefined,
    })
    return { state: made.state, response: made.publicKey }
  },
}

/** First byte of a key file's identifier (OpenSC's myeid.profile). */
const keyFiles = 0x4b
