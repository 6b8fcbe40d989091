export {
  type BiometricData,
  type CardCoding,
  type CardFeatures,
  decodeBiometricData,
  decodeVerifyData,
  encodeBiometricData,
  encodeVerifyData,
} from './biometric-data.ts'
export { type BiometricInformation, bitGroupCodec, fingerPosition, fingerSubtype, type MinutiaeParameters } from './bit-group.ts'
export { compactCardCodec, normalCardCodec } from './card-formats.ts'
export { type CardLimits, cardTemplate } from './card-template.ts'
export { type ConcernCode, inspectTemplate, type TemplateConcern } from './concerns.ts'
export {
  type DecodedTemplates,
  decodeTemplate,
  decodeTemplates,
  detectFormat,
  type EncodeOptions,
  encodeRecord,
  encodeTemplate,
  type TemplateFormat,
  templateFormats,
} from './format.ts'
export { type Impression, type ImpressionOptions, makeImpression } from './impression.ts'
export { incits2004Codec, incits2007Codec, incits2009Am1Codec, incits2009Codec } from './incits-record.ts'
export { fmr2011Codec } from './iso-2011-record.ts'
export { fmrCodec } from './iso-record.ts'
export {
  type FingerRecord,
  type FingerView,
  type ImageFrame,
  imageOf,
  type RecordMinutiae,
  type RecordOptions,
  type RepresentationHeader,
  recordFrom,
  type ViewSource,
  viewTemplate,
} from './record.ts'
export type { RecordFormat } from './record-traits.ts'
export {
  type SyntheticManner,
  type SyntheticOptions,
  syntheticImpression,
  syntheticNotice,
  syntheticTemplate,
} from './synthetic.ts'
export {
  checkTemplate,
  limitMinutiae,
  type Minutia,
  type MinutiaeTemplate,
  type MinutiaOrder,
  maxMinutiae,
  minutiaeOf,
  minutiaOrderOf,
  sortMinutiae,
  templateFrom,
} from './template.ts'
