import { fromHex } from '@kart/codec'
import { all, always, any, channel, terminalRight } from './access-rule.ts'
import type { ApplicationSpec, CardProfile, FileSpec } from './card-profile.ts'

const perso = channel('scp03')
const holderPresent = any(channel('bac'), channel('pace'))
const withFingerprintRight = all(channel('chip-authentication'), terminalRight('read-dg3'))

// biome-ignore format: a row a line
const mfFiles = [
  { name: 'EF.DIR', fid: 0x2f00, sfi: 0x1e, tag: undefined, maxLength: 256, read: always, update: perso, format: 'ef-dir', required: true, holds: 'one DO’61’ an application', clause: 'ISO/IEC 7816-4:2020, 12.2.2' },
  { name: 'EF.ATR/INFO', fid: 0x2f01, sfi: 0x01, tag: undefined, maxLength: 128, read: always, update: perso, format: 'ef-atr-info', required: true, holds: 'extended length limits, capabilities', clause: 'ISO/IEC 7816-4:2020, 12.2.3' },
  { name: 'EF.GDO', fid: 0x2f02, sfi: 0x02, tag: undefined, maxLength: 32, read: always, update: perso, format: 'ef-gdo', required: true, holds: 'ICC serial number', clause: 'ISO/IEC 7816-4:2020, 12.2.4; ISO/IEC 7816-6:2023' },
  { name: 'EF.CardAccess', fid: 0x011c, sfi: 0x1c, tag: 0x31, maxLength: 512, read: always, update: perso, format: 'ef-card-access', required: true, holds: 'SecurityInfos: PACE', clause: 'Doc 9303-11, 8th ed., 9.2.11' },
  { name: 'EF.CardSecurity', fid: 0x011d, sfi: 0x1d, tag: 0x30, maxLength: 2048, read: channel('pace'), update: perso, format: 'ef-card-security', required: true, holds: 'SecurityInfos, signed: PACE, the chip’s key', clause: 'Doc 9303-10, 8th ed., 3.11.4' },
] as const satisfies readonly FileSpec[]

// biome-ignore format: a row a line
// maxLength: room for what a registry sends, rounded up to whole kilobytes where a file carries an image.
const emrtdFiles = [
  { name: 'EF.COM', fid: 0x011e, sfi: 0x1e, tag: 0x60, maxLength: 64, read: holderPresent, update: perso, format: 'ef-com', required: true, holds: 'LDS version and list of data groups', clause: 'Doc 9303-10, 8th ed., 4.6.1' },
  { name: 'EF.SOD', fid: 0x011d, sfi: 0x1d, tag: 0x77, maxLength: 8192, read: holderPresent, update: perso, format: 'ef-sod', required: true, holds: 'signed hashes of the data groups', clause: 'Doc 9303-10, 8th ed., 4.6.2' },
  { name: 'EF.DG1', fid: 0x0101, sfi: 0x01, tag: 0x61, maxLength: 128, read: holderPresent, update: perso, format: 'dg1', required: true, holds: 'machine-readable zone (TD1)', clause: 'Doc 9303-10, 8th ed., 4.7.1' },
  { name: 'EF.DG2', fid: 0x0102, sfi: 0x02, tag: 0x75, maxLength: 40960, read: holderPresent, update: perso, format: 'dg2', required: true, holds: 'portrait', clause: 'Doc 9303-10, 8th ed., 4.7.2' },
  { name: 'EF.DG3', fid: 0x0103, sfi: 0x03, tag: 0x63, maxLength: 8192, read: withFingerprintRight, update: perso, format: 'dg3', required: true, holds: 'fingerprint minutiae', clause: 'Doc 9303-10, 8th ed., 4.7.3' },
  { name: 'EF.DG7', fid: 0x0107, sfi: 0x07, tag: 0x67, maxLength: 16384, read: holderPresent, update: perso, format: 'dg7', required: true, holds: 'handwritten signature as displayed', clause: 'Doc 9303-10, 8th ed., 4.7.7' },
  { name: 'EF.DG11', fid: 0x010b, sfi: 0x0b, tag: 0x6b, maxLength: 2048, read: holderPresent, update: perso, format: 'dg11', required: true, holds: 'names, birthplace, address in Persian; national code', clause: 'Doc 9303-10, 8th ed., 4.7.11' },
  { name: 'EF.DG12', fid: 0x010c, sfi: 0x0c, tag: 0x6c, maxLength: 1024, read: holderPresent, update: perso, format: 'dg12', required: true, holds: 'issuing office, date, personalization', clause: 'Doc 9303-10, 8th ed., 4.7.12' },
  { name: 'EF.DG13', fid: 0x010d, sfi: 0x0d, tag: 0x6d, maxLength: 1024, read: holderPresent, update: perso, format: 'dg13', required: true, holds: 'birth certificate, postal code, education, Jalali dates', clause: 'Doc 9303-10, 8th ed., 4.7.13; content: house rule' },
  { name: 'EF.DG14', fid: 0x010e, sfi: 0x0e, tag: 0x6e, maxLength: 1024, read: holderPresent, update: perso, format: 'dg14', required: true, holds: 'SecurityInfos: PACE, chip, terminal and active authentication', clause: 'Doc 9303-10, 8th ed., 4.7.14; Doc 9303-11, 8th ed., 6.1' },
  { name: 'EF.DG15', fid: 0x010f, sfi: 0x0f, tag: 0x6f, maxLength: 1024, read: holderPresent, update: perso, format: 'dg15', required: true, holds: 'active-authentication public key', clause: 'Doc 9303-10, 8th ed., 4.7.15' },
  { name: 'EF.CVCA', fid: 0x011c, sfi: 0x1c, tag: undefined, maxLength: 36, read: holderPresent, update: perso, format: 'ef-cvca', required: false, holds: 'trust points of terminal authentication', clause: 'TR-03110-3 v2.21, A.7.2.4' },
] as const satisfies readonly FileSpec[]

// biome-ignore format: a row a line
const applications = [
  { name: 'mf', title: 'Master file', aid: undefined, fid: 0x3f00, files: mfFiles, clause: 'ISO/IEC 7816-4:2020, 7.2' },
  { name: 'emrtd', title: 'eMRTD, LDS1', aid: fromHex('A0000002471001'), fid: undefined, files: emrtdFiles, clause: 'Doc 9303-10, 8th ed., 4.3' },
  { name: 'isd', title: 'Issuer security domain', aid: fromHex('A000000151000000'), fid: undefined, files: [], clause: 'GlobalPlatform Card Specification 2.3.1, 7' },
  // Its files, keys and PINs are of each card's own making: what they are, and who may touch them, they say themselves (access bytes of CREATE FILE).
  { name: 'pkcs15', title: 'PKCS#15', aid: fromHex('A000000063504B43532D3135'), fid: 0x5015, files: [], clause: 'ISO/IEC 7816-15:2016, 7.3' },
  { name: 'fingerprint', title: 'Fingerprint comparison', aid: fromHex('F04B41525446'), fid: undefined, files: [], clause: 'ISO/IEC 7816-11:2022; ISO/IEC 24787:2018; AID: house rule' },
] as const satisfies readonly ApplicationSpec[]

/** The reference card: the Iranian national smart card. */
export const nationalId = {
  name: 'national-id',
  title: 'National identity card',
  version: 3,
  issuingState: 'IRN',
  mrzFormat: 'TD1',
  documentCode: 'I<',
  personalNumber: 'iran-national-code',
  atr: fromHex('3B8D80018031FE739621C0554F7345494466'),
  // By full and partial DF name; EF.DIR and EF.ATR/INFO in BER-TLV, read by READ BINARY; a card with an MF.
  cardServiceData: 0xf8,
  // DF by full and partial name, path and identifier, short EF identifiers; data units of a byte; chaining, extended length, its limits in EF.ATR/INFO.
  cardCapabilities: fromHex('F421E0'),
  applications,
  securityDomainAid: fromHex('A000000151000000'),
  scp03: { i: 0x70 },
  dgis: {
    bacKeys: 0x8010,
    paceMrz: 0x8011,
    paceCan: 0x8012,
    pacePin: 0x8013,
    pacePuk: 0x8014,
    trustPoint: 0x8020,
    cardDate: 0x8021,
    generateCaKey: 0x8f14,
    generateAaKey: 0x8f15,
    holderPin: 0x8030,
    forbiddenDigits: 0x8031,
    holderFile: 0x8032,
    clearHolder: 0x8033,
    informationTemplates: 0x8040,
    finger: 0x8041,
    generateHolderKey: 0x8f16,
  },
  maxCommandLength: 65535,
  maxResponseLength: 65538,
  activeAuthentication: { algorithm: 'ecdsa', curve: 'P-256', hash: 'sha256' },
  ldsHash: 'sha256',
  bac: true,
  pace: {
    // biome-ignore format: a row a line
    offers: [
      { agreement: 'ECDH', mapping: 'CAM', cipher: 'AES-128', parameterId: 12 },
      { agreement: 'ECDH', mapping: 'GM', cipher: 'AES-128', parameterId: 12 },
      { agreement: 'ECDH', mapping: 'GM', cipher: 'AES-256', parameterId: 13 },
      { agreement: 'ECDH', mapping: 'IM', cipher: 'AES-128', parameterId: 12 },
      { agreement: 'ECDH', mapping: 'IM', cipher: 'AES-256', parameterId: 13 },
    ],
    passwords: ['mrz', 'can', 'pin', 'puk'],
  },
  // TR-03110-3 v2.21, A.1.1.1: the parameterId of a PACE-CAM offer is also the keyId of the static key.
  chipAuthentication: { keys: [{ keyId: 12, agreement: 'ECDH', parameterId: 12, ciphers: ['AES-128', 'AES-256'], versions: [1, 2] }] },
  terminalAuthentication: { versions: [1, 2] },
  // 60 minutiae are what SP 800-76-2 gives a card; order: ascending, x then y. Five tries a finger, as card.md says.
  fingerComparison: { references: [0x96, 0x97], minMinutiae: 12, maxMinutiae: 60, order: 0x05, threshold: 'fmr1e-4', tries: 5 },
} as const satisfies CardProfile
