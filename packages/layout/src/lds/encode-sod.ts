import { encodeTlv } from '@kart/codec'
import { type DataSigning, signData } from '../cms/sign-data.ts'
import { encodeSignedData } from '../cms/signed-data.ts'
import { encodeLdsSecurityObject, type LdsSecurityObjectInput, ldsSecurityObjectOid } from './lds-security-object.ts'

/** What {@link encodeSod} needs. */
export interface SodInput extends DataSigning {
  readonly ldsSecurityObject: LdsSecurityObjectInput
}

/**
 * Builds and signs EF.SOD (Doc 9303-10, 8th ed., 4.6.2.2; RFC 5652, 5), as {@link signData} does. Throws InputError, DecodeError for a certificate that
 * is none, and whatever `sign` throws.
 */
export async function encodeSod(input: SodInput): Promise<Uint8Array> {
  const content = encodeLdsSecurityObject(input.ldsSecurityObject)
  return encodeTlv(0x77, encodeSignedData(await signData(ldsSecurityObjectOid, content, input)))
}
