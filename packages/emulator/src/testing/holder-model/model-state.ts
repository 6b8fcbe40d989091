// The signature card in as few words as go, for tests: written from docs/card.md and the standards, and knowing nothing of the card's own code.

export type ModelLife = 'OP_READY' | 'INITIALIZED' | 'SECURED' | 'CARD_LOCKED' | 'TERMINATED'

export interface ModelPin {
  digits: string
  tries: number
  readonly most: number
  /** Undefined = it has none. */
  readonly puk: string | undefined
  pukTries: number
  readonly pukMost: number
  /** Fewest digits; eight at most. */
  readonly least: number
  transport: boolean
  /** Private-key operations a VERIFY; 0 = any number. */
  readonly uses: number
}

export interface ModelFile {
  readonly kind: 'data' | 'ec' | 'rsa'
  /** DO'86', six nibbles. */
  readonly access: string
  /** Bytes, or bits of a key. */
  readonly size: number
  /** Hex. */
  content: string
  /** Point or modulus, hex; undefined = no pair yet. */
  publicKey: string | undefined
}

/** What the card remembers without power. */
export interface ModelCard {
  life: ModelLife
  activated: boolean
  pins: Record<number, ModelPin>
  /** By identifier, four hex digits. */
  files: Record<string, ModelFile>
  /** Digits that no PIN may be taken from. */
  numbers: string[]
  /** Content of EF.DIR, hex. */
  directory: string | undefined
  /** Wrong cryptograms in a row by key set. */
  keySets: Partial<Record<'transport' | 'issuer', number>>
  readonly pace: boolean
}

export type ModelApplication = 'mf' | 'pkcs15' | 'emrtd' | 'isd' | 'fingerprint'
export type PacePassword = 'mrz' | 'can' | 'pin' | 'puk'
export type KeyPurpose = 'a4' | 'b6' | 'b8'
export type KeyAlgorithm = '00' | '02' | '04'

/** What it forgets. */
export interface ModelSession {
  over: 'contact' | 'contactless'
  application: ModelApplication
  /** The current file: an identifier under DF 5015, or 2f00 in the MF. */
  file: string | undefined
  /** PINs found right, with the uses left. */
  verified: Record<number, number>
  key: { readonly purpose: KeyPurpose; readonly algorithm: KeyAlgorithm; readonly fid: string } | undefined
  channel: 'none' | 'scp03' | PacePassword
  /** The CAN was proved since the last reset, and its one attempt at a suspended PIN is not used. */
  canProved: boolean
}

export interface HolderModel {
  card: ModelCard
  session: ModelSession
  /** States that the present command may leave behind when the power fails in it, beside those before and after. */
  between: ModelCard[]
}

export const freshSession = (over: ModelSession['over'] = 'contact'): ModelSession => ({
  over,
  application: 'mf',
  file: undefined,
  verified: {},
  key: undefined,
  channel: 'none',
  canProved: false,
})

export const modelOf = (card: ModelCard): HolderModel => ({ card: structuredClone(card), session: freshSession(), between: [] })

export const inPersonalization = ({ life }: ModelCard): boolean => life === 'OP_READY' || life === 'INITIALIZED'

/** Whoever holds the card may make files, keys and PINs: until ACTIVATE or SECURED (docs/card.md, creation phase). */
export const inCreation = (card: ModelCard): boolean => inPersonalization(card) && !card.activated

/** Status words of which the card gives one; `refusal` is any that says no. */
export type Status = readonly string[] | 'refusal'

/** What must come back. */
export interface Expected {
  readonly status: Status
  /** Exact data, hex, of a command that is not refused; undefined = {@link check} says, or there are none. */
  readonly data?: string
  /** Throws for data that are wrong. */
  readonly check?: (data: Uint8Array) => void
}

export const ok: Expected = { status: ['9000'] }
export const refusedWith = (...status: readonly string[]): Expected => ({ status })
export const refused: Expected = { status: 'refusal' }

/** The reasons for which these hold, in no order: where several do the card may name any. */
export const reasons = (...all: readonly (string | false)[]): string[] => all.filter((reason) => reason !== false)

/** Takes the channel away, and what was proved in it (docs/card.md, the PKCS#15 application). */
export function endChannel({ session }: HolderModel): void {
  if (session.channel !== 'none' && session.channel !== 'scp03') session.verified = {}
  session.channel = 'none'
}

/** Whether the holder's application answers: through contacts, or inside PACE with another password than the PUK (docs/card.md, contactless). */
export const isOpen = ({ session: { over, channel } }: HolderModel): boolean =>
  over === 'contact' || channel === 'mrz' || channel === 'can' || channel === 'pin'

/** Which commands an application knows: those on PINs go everywhere but in the security domain, the others in the MF and DF 5015. */
export type Reach = 'pins' | 'mf and pkcs15' | 'pkcs15'

/** What stands before every command of the holder's surface; undefined = it reaches the application. */
export function gate(model: HolderModel, reach: Reach): Expected | undefined {
  const { card, session } = model
  // In plain inside SCP03: the session is over and the command refused.
  if (session.channel === 'scp03') {
    endChannel(model)
    return refusedWith('6982')
  }
  if (card.life === 'TERMINATED') return refused
  const { application } = session
  if (card.life === 'CARD_LOCKED' && application !== 'isd') return refusedWith('6985')
  const reached = application === 'pkcs15' || (application === 'mf' && reach !== 'pkcs15') || (application !== 'isd' && reach === 'pins')
  if (!reached) return refused
  return isOpen(model) ? undefined : refusedWith('6982')
}

/** Whether a nibble of the access bytes lets it be done now. */
export function opens(nibble: string | undefined, { session }: HolderModel): boolean {
  const reference = Number.parseInt(nibble ?? 'f', 16)
  return reference === 0 || (reference !== 15 && session.verified[reference] !== undefined)
}
