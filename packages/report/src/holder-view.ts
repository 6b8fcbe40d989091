import { CardError } from '@kart/codec'
import {
  dg1Codec,
  dg2Codec,
  dg7Codec,
  dg11Codec,
  dg12Codec,
  dg13Codec,
  fatherNameOf,
  formatIsoDate,
  type ImageFormat,
  readMrz,
  resolveDateOfExpiry,
  toPersianDigits,
} from '@kart/layout'
import { type Evidence, openFile } from '@kart/verification'
import type { HolderLine, HolderView, PageImage } from './html-report.ts'

function decodedFile<T>(evidence: Evidence, name: string, codec: { decode(bytes: Uint8Array): T }): T | undefined {
  const file = openFile(evidence, 'emrtd', name, codec)
  return file.state === 'decoded' ? file.value : undefined
}

function image(format: ImageFormat | undefined, data: Uint8Array | undefined): PageImage | undefined {
  if (format === undefined || data === undefined) return undefined
  return { bytes: data, type: format === 'jpeg' ? 'image/jpeg' : 'image/jp2' }
}

function line(label: string, value: string | undefined, direction: 'ltr' | 'rtl'): HolderLine[] {
  return value === undefined || value === '' ? [] : [{ label, value, direction }]
}

/** Numbers and dates of the national side: Persian digits, read left to right. */
const persian = (text: string | undefined): string | undefined => (text === undefined ? undefined : toPersianDigits(text))
const slashes = (date: string | undefined): string | undefined => date?.replaceAll('-', '/')

/** The MRZ's two-digit year resolved; as it stands where it is no date. */
function expiry(text: string | undefined, readAt: Date): string | undefined {
  if (text === undefined) return undefined
  try {
    return formatIsoDate(resolveDateOfExpiry(text, readAt.toISOString().slice(0, 10)))
  } catch (error) {
    if (error instanceof CardError) return text
    throw error
  }
}

/** What the card says of its holder, from the raw evidence; undefined when neither the MRZ nor the national data could be read. Shows, and proves nothing. */
export function buildHolderView(evidence: Evidence): HolderView | undefined {
  const mrzFile = openFile(evidence, 'emrtd', 'EF.DG1', {
    decode: (bytes: Uint8Array) => readMrz(dg1Codec.decode(bytes).mrz),
  })
  const mrz = mrzFile.state === 'decoded' ? mrzFile.value : undefined
  const details = decodedFile(evidence, 'EF.DG11', dg11Codec)
  if (mrz === undefined && details === undefined) return undefined
  const document = decodedFile(evidence, 'EF.DG12', dg12Codec)
  const national = decodedFile(evidence, 'EF.DG13', dg13Codec)
  const portrait = decodedFile(evidence, 'EF.DG2', dg2Codec)?.faces[0]?.images[0]
  const signature = decodedFile(evidence, 'EF.DG7', dg7Codec)?.signatures[0]
  const name = details?.nameOfHolder
  return {
    portrait: image(portrait?.format, portrait?.data),
    signature: image(signature?.format, signature?.data),
    latin: [
      ...line('Family name', mrz?.fields.primaryIdentifier, 'ltr'),
      ...line('Given names', mrz?.fields.secondaryIdentifier, 'ltr'),
      ...line('Document number', mrz?.fields.documentNumber, 'ltr'),
      ...line('Issuing state', mrz?.fields.issuer, 'ltr'),
      ...line('Nationality', mrz?.fields.nationality, 'ltr'),
      ...line('Sex', mrz?.fields.sex, 'ltr'),
      ...line('Date of birth', details?.dateOfBirth && formatIsoDate(details.dateOfBirth), 'ltr'),
      ...line('Date of issue', document?.dateOfIssue && formatIsoDate(document.dateOfIssue), 'ltr'),
      ...line('Date of expiry', expiry(mrz?.fields.dateOfExpiry, evidence.readAt), 'ltr'),
    ],
    national: [
      ...line('نام خانوادگی', name?.familyName, 'rtl'),
      ...line('نام', name?.givenNames, 'rtl'),
      ...line('نام پدر', details && fatherNameOf(details), 'rtl'),
      ...line('کد ملی', persian(details?.personalNumber), 'ltr'),
      ...line('تاریخ تولد', persian(slashes(national?.dateOfBirth)), 'ltr'),
      ...line('محل تولد', details?.placeOfBirth?.join('، '), 'rtl'),
      ...line('شمارهٔ شناسنامه', persian(national?.birthCertificateNumber), 'ltr'),
      ...line('سری شناسنامه', persian(national?.birthCertificateSeries), 'rtl'),
      ...line('نشانی', details?.address?.join('، '), 'rtl'),
      ...line('کد پستی', persian(national?.postalCode), 'ltr'),
      ...line('تلفن', persian(details?.telephone), 'ltr'),
      ...line('تحصیلات', national?.education, 'rtl'),
      ...line('محل صدور', persian(document?.issuingAuthority?.join('، ')), 'rtl'),
      ...line('تاریخ صدور', persian(slashes(national?.dateOfIssue)), 'ltr'),
      ...line('پایان اعتبار', persian(slashes(national?.dateOfExpiry)), 'ltr'),
    ],
    mrz: mrz?.lines ?? [],
  }
}
