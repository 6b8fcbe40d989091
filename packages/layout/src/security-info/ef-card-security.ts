import { type Codec, DecodeError, InputError } from '@kart/codec'
import { encodeSetOf } from '../asn1/der-encode.ts'
import { type DataSigning, signData } from '../cms/sign-data.ts'
import { decodeSignedData, encodeSignedData, type SignedData } from '../cms/signed-data.ts'
import { decodeSecurityInfos } from '../lds/dg14.ts'
import { encodeSecurityInfo, type OpenedSecurityInfo, openSecurityInfo } from './security-info.ts'

/** id-SecurityObject (BSI TR-03110-3 v2.21, A.1.2.5; Doc 9303-10, 8th ed., 3.11.4). */
export const securityObjectOid = '0.4.0.127.0.7.3.2.1'

/** EF.CardSecurity: SecurityInfos that the document signer vouches for. Its contentType is {@link securityObjectOid} when it is what it should be. */
export interface EfCardSecurity extends SignedData {
  /** The whole file as it came. */
  readonly raw: Uint8Array
  /** In the order in which they stand. */
  readonly securityInfos: readonly OpenedSecurityInfo[]
}

const what = 'EF.CardSecurity'
const maxLength = 65_535
const maxInfos = 64

/** EF.CardSecurity (Doc 9303-10, 8th ed., 3.11.4; BSI TR-03110-3 v2.21, A.1.2.5). `encode` puts the same parts together again. Throws DecodeError or LimitError. */
export const efCardSecurityCodec: Codec<EfCardSecurity> = {
  encode: encodeSignedData,
  decode(bytes) {
    if (bytes.length > maxLength) throw new DecodeError(what, `${bytes.length} bytes where at most ${maxLength} are read`)
    const data = decodeSignedData(bytes, what)
    return { ...data, raw: bytes.slice(), securityInfos: decodeSecurityInfos(data.content).map(openSecurityInfo) }
  },
}

/** What {@link encodeCardSecurity} needs. */
export interface CardSecurityInput extends DataSigning {
  readonly securityInfos: readonly OpenedSecurityInfo[]
}

/** Builds and signs EF.CardSecurity, the set in DER order. Throws InputError, DecodeError for a certificate that is none, and whatever `sign` throws. */
export async function encodeCardSecurity(input: CardSecurityInput): Promise<Uint8Array> {
  if (input.securityInfos.length > maxInfos) throw new InputError('securityInfos', `${input.securityInfos.length}; at most ${maxInfos} fit`)
  return encodeSignedData(await signData(securityObjectOid, encodeSetOf(...input.securityInfos.map(encodeSecurityInfo)), input))
}
