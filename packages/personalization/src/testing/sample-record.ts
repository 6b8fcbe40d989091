import { readFileSync } from 'node:fs'
import { fromHex } from '@kart/codec'
import { encodeRecord, fmrCodec } from '@kart/minutiae'

/** A file under test-vectors/, by its path there. */
export function vectorFile(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../../../test-vectors/${path}`, import.meta.url)))
}

/** A JPEG of 20 x 30 pixels as far as its frame header: enough for everything that reads only headers. */
export const smallJpeg = fromHex('ffd8ffc0000b08001e001401000000ffd9')

/** NIST's sample record, both its fingers. */
export const nistTwoFingers = vectorFile('nist/fmr.iso2005')

const nistRecord = fmrCodec.decode(nistTwoFingers)

/** The left index finger (position 7) of NIST's sample record, alone. */
export const nistFinger = encodeRecord({ ...nistRecord, views: nistRecord.views.slice(0, 1) })

/** An invented person's record as a JSON value; every call gives a new one. */
// biome-ignore lint/suspicious/noExplicitAny: tests break it field by field
export function sampleJson(): any {
  return {
    schema: 'kart-enrollment-1',
    trackingCode: 'TEST-0001',
    document: {
      number: 'K00012345',
      issuingState: 'IRN',
      dateOfIssue: '2026-03-21',
      dateOfExpiry: '2036-03-20',
      issuingOffice: { code: '0101', name: 'اداره نمونه' },
    },
    holder: {
      nationalCode: '0499370899',
      nationality: 'IRN',
      sex: 'F',
      dateOfBirth: '1990-05-14',
      persian: {
        familyName: 'نمونه‌پور',
        givenNames: 'آزمون',
        fatherName: 'الگو',
        birthPlace: 'تهران',
        address: 'تهران، خیابان نمونه، پلاک ۱',
      },
      latin: { familyName: 'Nemunehpur', givenNames: 'Azmun' },
      telephone: '+98 21 0000 0000',
      birthCertificate: { number: '1234', series: 'الف ۱۲' },
      postalCode: '۱۲۳۴۵۶۷۸۹۰',
      education: 'کارشناسی',
    },
    portrait: { file: 'portrait.jpg' },
    signature: { base64: Buffer.from(smallJpeg).toString('base64') },
    fingers: [{ position: 7, file: 'left-index.fmr' }],
  }
}

/** Loads the files that {@link sampleJson} names. */
export function sampleFile(name: string): Uint8Array {
  if (name === 'portrait.jpg') return smallJpeg
  if (name === 'left-index.fmr') return nistFinger
  throw new Error(`no such file: ${name}`)
}
