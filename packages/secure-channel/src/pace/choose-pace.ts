import { DecodeError } from '@kart/codec'
import {
  agreementGroup,
  decodeDomainParameters,
  type GroupName,
  type KeyAlgorithm,
  lastStandardizedId,
  standardizedGroup,
  standardizedParameters,
} from '@kart/crypto'
import { type PaceMapping, type PaceProtocol, paceProtocolOf } from './pace-protocol.ts'

/** A PACEInfo, as layout's EF.CardAccess codec opens it. */
export interface PaceOffer {
  readonly kind: 'pace'
  readonly oid: string
  readonly version: number
  readonly parameterId: number | undefined
}

/** A PACEDomainParameterInfo, likewise. */
export interface PaceDomainParameters {
  readonly kind: 'pace-domain-parameters'
  readonly oid: string
  /** DER AlgorithmIdentifier. */
  readonly domainParameter: Uint8Array
  readonly parameterId: number | undefined
}

/** Any SecurityInfo; the two kinds above are looked at, the others passed by. */
export type PaceSecurityInfo = PaceOffer | PaceDomainParameters | { readonly kind: string; readonly oid: string }

/** What the terminal takes, each list with the best first. */
export interface PaceSupport {
  readonly mappings: readonly PaceMapping[]
  readonly ciphers: readonly KeyAlgorithm[]
  readonly groups: readonly GroupName[]
}

/**
 * House rule: chip authentication mapping first, since it also proves the chip; then the generic mapping. Of ciphers the longest key. Of groups those of 128 bits of
 * security that cost least, then stronger ones, then 112 bits; the 1024-bit group, of 80 bits, only for those who name it.
 */
export const paceSupport: PaceSupport = {
  mappings: ['cam', 'gm', 'im'],
  ciphers: ['aes256', 'aes192', 'aes128', 'desede'],
  groups: [
    'P-256',
    'brainpoolP256r1',
    'brainpoolP320r1',
    'P-384',
    'brainpoolP384r1',
    'P-521',
    'brainpoolP512r1',
    'P-224',
    'brainpoolP224r1',
    'MODP-2048-256',
    'MODP-2048-224',
  ],
}

/** A variant that can be performed: what {@link choosePace} gives and `performPace` takes. */
export interface PaceSelection {
  readonly protocol: PaceProtocol
  readonly group: GroupName
  readonly parameterId: number | undefined
  /** Whether MSE:Set AT names the domain parameters (DO'84'): the card has several sets. */
  readonly referenceParameters: boolean
}

/** One offer and what became of it. */
export interface PaceConsideration {
  readonly offer: PaceOffer
  /** The standard's name of the protocol, or its identifier where we know no name; with the group where it has one. */
  readonly name: string
  readonly outcome: 'chosen' | 'passed-over' | 'not-usable'
  /** Why, in plain words. */
  readonly reason: string
}

/** The choice, explained. */
export interface PaceChoice {
  /** Undefined when no offer can be taken. */
  readonly selection: PaceSelection | undefined
  /** Every PACEInfo in the card's order. */
  readonly considered: readonly PaceConsideration[]
}

const isOffer = (info: PaceSecurityInfo): info is PaceOffer => info.kind === 'pace'
const isDomain = (info: PaceSecurityInfo): info is PaceDomainParameters => info.kind === 'pace-domain-parameters'

/**
 * Chooses among a card's offers of PACE and says why (Doc 9303-11, 8th ed., 4.4 and 9.2.1): mapping before cipher before group, by the terminal's order; the card's
 * order decides between equals. The offers come from EF.CardAccess, which nobody signed: compare them with DG14 or EF.CardSecurity once these are read.
 */
export function choosePace(infos: readonly PaceSecurityInfo[], support: PaceSupport = paceSupport): PaceChoice {
  const offers = infos.filter(isOffer)
  const domains = infos.filter(isDomain)
  const sets = new Set(offers.filter((offer) => paceProtocolOf(offer.oid) !== undefined).map((offer) => offer.parameterId))
  const judged = offers.map((offer) => judge(offer, domains, support))
  let best: Usable | undefined
  for (const each of judged) if (each.usable && (best === undefined || isBetter(each.usable.rank, best.rank))) best = each.usable
  return {
    selection: best && {
      protocol: best.protocol,
      group: best.group,
      parameterId: best.offer.parameterId,
      referenceParameters: sets.size > 1 && best.offer.parameterId !== undefined,
    },
    considered: judged.map(({ offer, name, usable, problem }): PaceConsideration => {
      if (usable === undefined) return { offer, name, outcome: 'not-usable', reason: problem }
      if (usable === best) return { offer, name, outcome: 'chosen', reason: 'the best that both sides support' }
      return { offer, name, outcome: 'passed-over', reason: whyBehind(usable, best!) }
    }),
  }
}

interface Usable {
  readonly offer: PaceOffer
  readonly protocol: PaceProtocol
  readonly group: GroupName
  /** Places in the terminal's lists of mappings, ciphers and groups; the less, the better. */
  readonly rank: readonly [number, number, number]
}

interface Judged {
  readonly offer: PaceOffer
  readonly name: string
  readonly usable: Usable | undefined
  readonly problem: string
}

function judge(offer: PaceOffer, domains: readonly PaceDomainParameters[], support: PaceSupport): Judged {
  const protocol = paceProtocolOf(offer.oid)
  const refused = (problem: string, name = protocol?.name ?? offer.oid): Judged => ({ offer, name, usable: undefined, problem })
  if (protocol === undefined) return refused('not a protocol of PACE that is known')
  if (offer.version !== 2) return refused(`version ${offer.version}; only 2 is defined`)
  if (protocol.mapping === 'cam' && offer.parameterId === undefined)
    return refused('chip authentication mapping without a parameterId, which has to name the static key')
  const found = groupOf(offer, domains)
  if (typeof found === 'object') return refused(found.problem)
  const name = `${protocol.name}, ${found}`
  const group = agreementGroup(found)
  if (group.kind !== protocol.agreement) return refused('the domain parameters are of the other kind of key agreement', name)
  if (protocol.mapping === 'im' && !group.canMap) return refused('the integrated mapping does not work on this curve', name)
  const rank = [
    support.mappings.indexOf(protocol.mapping),
    support.ciphers.indexOf(protocol.cipher),
    support.groups.indexOf(found),
  ] as const
  const missing = ['mapping', 'cipher', 'group'][rank.findIndex((place) => place < 0)]
  if (missing !== undefined) return refused(`the terminal does not take this ${missing}`, name)
  return { offer, name, usable: { offer, protocol, group: found, rank }, problem: '' }
}

/** The group of an offer: a standardized one, or one that the card spells out for the same family and identifier. */
function groupOf(offer: PaceOffer, domains: readonly PaceDomainParameters[]): GroupName | { problem: string } {
  const { parameterId } = offer
  if (parameterId !== undefined && parameterId <= lastStandardizedId) {
    const row = standardizedParameters.find((each) => each.id === parameterId)
    if (row === undefined) return { problem: `parameterId ${parameterId} is reserved` }
    return standardizedGroup(parameterId) ?? { problem: `parameterId ${parameterId}, ${row.name}, is too weak to be taken` }
  }
  const family = offer.oid.slice(0, offer.oid.lastIndexOf('.'))
  const [spelled, ...others] = domains.filter((domain) => domain.oid === family && domain.parameterId === parameterId)
  if (spelled === undefined)
    return { problem: 'no domain parameters: neither a standardized parameterId nor a PACEDomainParameterInfo of its own' }
  if (others.length > 0) return { problem: 'more than one set of domain parameters under its identifier' }
  try {
    return decodeDomainParameters(spelled.domainParameter) ?? { problem: 'domain parameters spelled out that are no known group’s' }
  } catch (error) {
    if (error instanceof DecodeError) return { problem: 'domain parameters that are malformed' }
    throw error
  }
}

function isBetter(a: Usable['rank'], b: Usable['rank']): boolean {
  const at = a.findIndex((place, i) => place !== b[i])
  return at >= 0 && a[at]! < b[at]!
}

function whyBehind(usable: Usable, best: Usable): string {
  const at = usable.rank.findIndex((place, i) => place !== best.rank[i])
  return at < 0
    ? 'as good as the one chosen, and later in the card’s order'
    : `the terminal prefers another ${['mapping', 'cipher', 'group'][at]}`
}

/** The choice in lines for a trace: one for each offer, then what is sent. */
export function explainPaceChoice(choice: PaceChoice): readonly string[] {
  const lines = choice.considered.map(({ offer, name, outcome, reason }) => {
    const id = offer.parameterId === undefined ? '' : ` (parameterId ${offer.parameterId})`
    return `${name}${id}: ${outcome.replace('-', ' ')}, ${reason}`
  })
  if (lines.length === 0) return ['the card offers no PACE']
  if (choice.selection === undefined) return [...lines, 'no offer of PACE can be taken']
  return choice.selection.referenceParameters
    ? [...lines, 'the card has several sets of domain parameters: MSE:Set AT names the one chosen']
    : lines
}
