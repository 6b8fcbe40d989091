import { fromHex } from '@kart/codec'
import { type CardProfile, efAtrInfoCodec, nationalId } from '@kart/layout'
import type { Evidence } from '../evidence.ts'
import { type ReadCardOptions, readCard } from '../read-card.ts'
import { card, holder } from './card.ts'
import { ecKey } from './pki.ts'
import { ReadingCard, type ReadingCardOptions } from './reading-card.ts'

export const chipKey = ecKey()
export const genuine = card({ chipKey })
export const access = { documentNumber: holder.documentNumber, dateOfBirth: holder.dateOfBirth, dateOfExpiry: holder.dateOfExpiry }
export const masterFiles = {
  'EF.ATR/INFO': efAtrInfoCodec.encode({ extendedLength: { maxCommandLength: 65535, maxResponseLength: 65538 } }),
  'EF.GDO': fromHex('5a0a00000000000000000001'),
}
export const contents = Object.fromEntries(genuine.files.map((file) => [file.name, file.bytes!]))

/** The national profile with what the synthetic card carries. */
export const profile: CardProfile = {
  ...nationalId,
  applications: nationalId.applications
    .filter((application) => application.name !== 'isd')
    .map((application) => ({
      ...application,
      files: application.files.filter((file) => file.name in { ...masterFiles, ...contents } || file.name === 'EF.DG12'),
    })),
}

export function newCard(options: Partial<ReadingCardOptions> = {}): ReadingCard {
  return new ReadingCard({ profile, files: { ...masterFiles, ...contents }, access, chipKey, extendedLength: true, ...options })
}

export const read = (transport: ReadingCard, options: Partial<ReadCardOptions> = {}): Promise<Evidence> =>
  readCard(transport, { profile, access, accessPolicy: 'bac-without-pace', ...options })
export const summary = (evidence: Evidence) => evidence.files.map((file) => `${file.name} ${file.outcome}`)
