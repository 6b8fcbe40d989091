import type { Codec } from '@kart/codec'
import { InputError } from '@kart/codec'
import { encodeSetOf } from '../asn1/der-encode.ts'
import { decodeSecurityInfos } from '../lds/dg14.ts'
import { encodeSecurityInfo, type OpenedSecurityInfo, openSecurityInfo } from './security-info.ts'

/** EF.CardAccess: what the card offers before anything is proved; nobody signed it (Doc 9303-11, 8th ed., 9.2.7). */
export interface EfCardAccess {
  /** In the order in which they stand. */
  readonly securityInfos: readonly OpenedSecurityInfo[]
}

const maxInfos = 64

/**
 * EF.CardAccess (Doc 9303-10, 8th ed., 3.11.3; Doc 9303-11, 8th ed., 9.2.7): SecurityInfos and nothing behind them. Decoding throws DecodeError or LimitError;
 * encoding writes the set in DER order and throws InputError.
 */
export const efCardAccessCodec: Codec<EfCardAccess> = {
  encode(value) {
    if (value.securityInfos.length > maxInfos)
      throw new InputError('securityInfos', `${value.securityInfos.length}; at most ${maxInfos} fit`)
    return encodeSetOf(...value.securityInfos.map(encodeSecurityInfo))
  },
  decode: (bytes) => ({ securityInfos: decodeSecurityInfos(bytes).map(openSecurityInfo) }),
}
