import type { Codec } from '@kart/codec'
import { efCvcaCodec } from '../cvc/ef-cvca.ts'
import type { FileFormat } from '../profile.ts'
import { efCardAccessCodec } from '../security-info/ef-card-access.ts'
import { efCardSecurityCodec } from '../security-info/ef-card-security.ts'
import { dg1Codec } from './dg1.ts'
import { dg2Codec } from './dg2.ts'
import { dg3Codec } from './dg3.ts'
import { dg7Codec } from './dg7.ts'
import { dg11Codec } from './dg11.ts'
import { dg12Codec } from './dg12.ts'
import { dg13Codec } from './dg13.ts'
import { dg14Codec } from './dg14.ts'
import { dg15Codec } from './dg15.ts'
import { efAtrInfoCodec } from './ef-atr-info.ts'
import { efComCodec } from './ef-com.ts'
import { efDirCodec } from './ef-dir.ts'
import { efGdoCodec } from './ef-gdo.ts'
import { efSodCodec } from './ef-sod.ts'

/** The codec of each file format that a profile can name. */
export const fileCodecs = {
  'ef-dir': efDirCodec,
  'ef-atr-info': efAtrInfoCodec,
  'ef-gdo': efGdoCodec,
  'ef-card-access': efCardAccessCodec,
  'ef-card-security': efCardSecurityCodec,
  'ef-cvca': efCvcaCodec,
  'ef-com': efComCodec,
  'ef-sod': efSodCodec,
  dg1: dg1Codec,
  dg2: dg2Codec,
  dg3: dg3Codec,
  dg7: dg7Codec,
  dg11: dg11Codec,
  dg12: dg12Codec,
  dg13: dg13Codec,
  dg14: dg14Codec,
  dg15: dg15Codec,
  // biome-ignore lint/suspicious/noExplicitAny: the value type of each format stays with its codec
} as const satisfies Record<FileFormat, Codec<any>>

/** What a file of this format decodes to. */
export type FileValue<F extends FileFormat> = ReturnType<(typeof fileCodecs)[F]['decode']>
