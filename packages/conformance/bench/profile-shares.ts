/** As V8 writes it (Chrome DevTools Protocol, Profiler.Profile): a tree of calls, and which node each sample was taken in. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
    readonly children?: readonly number[]
  }[]
  readonly samples?: readonly number[]
}

/** Where the time goes. */
export const subjects = {
  noble: 'crypto in JavaScript (@noble)',
  nodeCipher: 'ciphers in OpenSSL (node:crypto: 3DES, AES)',
  nodeKey: 'signatures, keys in OpenSSL (node:crypto)',
  nodeHash: 'hashes, random numbers in OpenSSL (node:crypto)',
  cryptoPackage: 'crypto, own code around both',
  tlvApdu: 'TLV and APDU (codec, apdu)',
  channel: 'secure channels (secure-channel)',
  coding: 'files and certificates (layout, minutiae, asn1js, pkijs)',
  matcher: 'matcher',
  process: 'personalization, verification',
  card: 'the emulated card’s own code',
  collector: 'garbage collector',
  rest: 'rest of node, the benchmark itself',
} as const
export type Subject = keyof typeof subjects

/** Whose work it is: the emulated card's, the terminal's, or the runtime's for both. */
export type Side = 'terminal' | 'card' | 'runtime'

// First match wins; what matches none says nothing, and the caller's frame decides.
const byUrl: readonly (readonly [RegExp, Subject])[] = [
  [/\/@noble\//, 'noble'],
  [/^node:internal\/crypto\/cipher$/, 'nodeCipher'],
  [/^node:internal\/crypto\/(keys|sig|keygen|ec|diffiehellman)$/, 'nodeKey'],
  [/^node:(internal\/)?crypto\b/, 'nodeHash'],
  [/\/packages\/crypto\/dist\//, 'cryptoPackage'],
  [/\/packages\/(codec|apdu)\/dist\//, 'tlvApdu'],
  [/\/packages\/secure-channel\/dist\//, 'channel'],
  [/\/packages\/(layout|minutiae)\/dist\/|\/node_modules\/(asn1js|pkijs|@peculiar\/\w+|pvutils|jalaali-js|i18n-iso-countries)\//, 'coding'],
  [/\/packages\/matcher\/dist\//, 'matcher'],
  [/\/packages\/(personalization|verification)\/dist\//, 'process'],
  [/\/packages\/emulator\/dist\//, 'card'],
]

const emulator = /\/packages\/emulator\/dist\//

/** One kind of work and its share of the samples that were not idle, 0..1. */
export interface Share {
  readonly side: Side
  readonly subject: Subject
  readonly share: number
}

export interface Shares {
  /** Samples that were not idle. */
  readonly samples: number
  /** Share of all samples in which nothing ran, 0..1. */
  readonly idle: number
  /** Greatest first; they add up to 1. */
  readonly shares: readonly Share[]
}

/**
 * Counts a profile's samples by whose work and which work they were. A sample is the card's when a function of the emulator stands anywhere in its stack, and
 * the terminal's otherwise; its subject is that of the innermost function whose file tells one (native functions have no file and count to their caller).
 */
export function shareOut(profile: CpuProfile): Shares {
  const parents = new Map<number, number>()
  for (const { id, children } of profile.nodes) for (const child of children ?? []) parents.set(child, id)
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]))
  const kinds = new Map<number, `${Side}/${Subject}` | 'idle'>()

  const kindOf = (id: number): `${Side}/${Subject}` | 'idle' => {
    const name = frames.get(id)?.functionName
    if (name === '(idle)') return 'idle'
    if (name === '(garbage collector)') return 'runtime/collector'
    let subject: Subject | undefined
    let card = false
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const url = frames.get(at)?.url ?? ''
      subject ??= byUrl.find(([pattern]) => pattern.test(url))?.[1]
      card ||= emulator.test(url)
    }
    if (subject === undefined) return 'runtime/rest'
    return `${card ? 'card' : 'terminal'}/${subject}`
  }

  const counts = new Map<`${Side}/${Subject}`, number>()
  let idle = 0
  for (const id of profile.samples ?? []) {
    let kind = kinds.get(id)
    if (kind === undefined) {
      kind = kindOf(id)
      kinds.set(id, kind)
    }
    if (kind === 'idle') idle++
    else counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  const samples = [...counts.values()].reduce((sum, count) => sum + count, 0)
  if (samples === 0) throw new RangeError('the profile has no sample that is not idle')
  const shares = [...counts]
    .map(([kind, count]): Share => {
      const [side, subject] = kind.split('/') as [Side, Subject]
      return { side, subject, share: count / samples }
    })
    .sort((a, b) => b.share - a.share)
  return { samples, idle: idle / (samples + idle), shares }
}

/** Sum of the shares that fit. */
export function sumOf({ shares }: Shares, fits: (share: Share) => boolean): number {
  return shares.filter(fits).reduce((sum, { share }) => sum + share, 0)
}

const cryptography: readonly Subject[] = ['noble', 'nodeCipher', 'nodeKey', 'nodeHash', 'cryptoPackage']

/** Whether a share is cryptography, on whichever side. */
export function isCrypto({ subject }: Share): boolean {
  return cryptography.includes(subject)
}
